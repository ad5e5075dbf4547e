/** Ids as GraphQL's `ID`. Text that is no id is one that nothing has: NOT_FOUND. */
import { notFound } from '../errors.js';
import {
  type ApiKeyId,
  apiKeyId,
  type BanId,
  banId,
  type ChannelId,
  channelId,
  type InvitationId,
  invitationId,
  type OrganizationId,
  organizationId,
  parseSerial,
  type RoleId,
  roleId,
  type UserId,
  userId,
} from '../ids.js';

export const toOrganizationId = (text: string): OrganizationId => organizationId(serial(text, 'organization'));
export const toUserId = (text: string): UserId => userId(serial(text, 'user'));
export const toRoleId = (text: string): RoleId => roleId(serial(text, 'role'));
export const toChannelId = (text: string): ChannelId => channelId(serial(text, 'channel'));
export const toBanId = (text: string): BanId => banId(serial(text, 'ban'));
export const toInvitationId = (text: string): InvitationId => invitationId(serial(text, 'invitation'));
export const toApiKeyId = (text: string): ApiKeyId => apiKeyId(serial(text, 'API key'));
/** The id of anything that the audit log tells of: session ids are larger than serials. */
export const toTargetId = (text: string): number => (/^[1-9][0-9]{0,9}$/.test(text) ? Number(text) : 0);

function serial(text: string, noun: string): number {
  const value = parseSerial(text);
  if (value === undefined) throw notFound(noun);
  return value;
}
