/** Ids as GraphQL's `ID`. Text that is no id is one that nothing has: NOT_FOUND. */
import { notFound } from '../errors.js';
import {
  type ApiKeyId,
  apiKeyId,
  type BanId,
  banId,
  type CertificateId,
  type ChannelId,
  certificateId,
  channelId,
  type InvitationId,
  invitationId,
  type OrganizationId,
  organizationId,
  parseSerial,
  type RoleId,
  roleId,
  type SessionId,
  sessionId,
  type UserId,
  userId,
} from '../ids.js';

const MAX_SESSION_ID = 2 ** 32 - 1;

export const toOrganizationId = (text: string): OrganizationId => organizationId(serial(text, 'organization'));
export const toUserId = (text: string): UserId => userId(serial(text, 'user'));
export const toRoleId = (text: string): RoleId => roleId(serial(text, 'role'));
export const toChannelId = (text: string): ChannelId => channelId(serial(text, 'channel'));
export const toBanId = (text: string): BanId => banId(serial(text, 'ban'));
export const toInvitationId = (text: string): InvitationId => invitationId(serial(text, 'invitation'));
export const toCertificateId = (text: string): CertificateId => certificateId(serial(text, 'certificate'));
export const toApiKeyId = (text: string): ApiKeyId => apiKeyId(serial(text, 'API key'));
/** Session ids are larger than those of the database. */
export const toSessionId = (text: string): SessionId => {
  const value = toTargetId(text);
  if (value < 1 || value > MAX_SESSION_ID) throw notFound('session');
  return sessionId(value);
};
/** The id of anything that the audit log tells of: session ids are larger than serials. */
export const toTargetId = (text: string): number => (/^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0);

function serial(text: string, noun: string): number {
  const value = parseSerial(text);
  if (value === undefined) throw notFound(noun);
  return value;
}
