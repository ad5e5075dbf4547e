/** Branded identifiers: a channel id cannot be passed where a user id is expected. All are PostgreSQL serial integers, 1 to 2^31 - 1, the same in GraphQL, REST and the voice protocol. */

declare const brand: unique symbol;

type Id<Name extends string> = number & { readonly [brand]: Name };

/** `organizations.id`. */
export type OrganizationId = Id<'organization'>;
/** `users.id`. */
export type UserId = Id<'user'>;
/** `roles.id`. */
export type RoleId = Id<'role'>;
/** `channels.id`. */
export type ChannelId = Id<'channel'>;
/** `audit_entries.id`. */
export type AuditEntryId = Id<'audit_entry'>;
/** `bans.id`. */
export type BanId = Id<'ban'>;
/** `invitations.id`. */
export type InvitationId = Id<'invitation'>;
/** `api_keys.id`. */
export type ApiKeyId = Id<'api_key'>;
/** `client_certificates.id`. */
export type CertificateId = Id<'certificate'>;

/** The id of a connected voice session: an unsigned 32-bit integer, never 0, never reused while a channel key that it sealed under lives. Not a database id. */
export type SessionId = Id<'session'>;

/** The id of a whisper target: an unsigned 32-bit integer whose highest bit is set, so that it is no channel's. Not a database id. */
export type WhisperTargetId = Id<'whisper_target'>;

const MAX_SERIAL = 2 ** 31 - 1;
const MAX_SESSION_ID = 2 ** 32 - 1;
const MAX_WHISPER_TARGET_ID = 2 ** 32 - 1;

export const organizationId = (value: number): OrganizationId => serial(value) as OrganizationId;
export const userId = (value: number): UserId => serial(value) as UserId;
export const roleId = (value: number): RoleId => serial(value) as RoleId;
export const channelId = (value: number): ChannelId => serial(value) as ChannelId;
export const banId = (value: number): BanId => serial(value) as BanId;
export const invitationId = (value: number): InvitationId => serial(value) as InvitationId;
export const apiKeyId = (value: number): ApiKeyId => serial(value) as ApiKeyId;
export const certificateId = (value: number): CertificateId => serial(value) as CertificateId;
export const sessionId = (value: number): SessionId => bounded(value, MAX_SESSION_ID) as SessionId;

export function whisperTargetId(value: number): WhisperTargetId {
  if (!Number.isInteger(value) || !isWhisperTarget(value)) throw new RangeError(`not an id: ${value}`);
  return value;
}

/** True for the target of a whisper, false for a channel. */
export function isWhisperTarget(target: number): target is WhisperTargetId {
  return target > MAX_SERIAL && target <= MAX_WHISPER_TARGET_ID;
}

/** Reads an id from text (GraphQL `ID`, a REST path). Returns undefined for anything that is not the canonical decimal form of a serial, so that the caller can answer NOT_FOUND. */
export function parseSerial(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= MAX_SERIAL ? value : undefined;
}

function serial(value: number): number {
  return bounded(value, MAX_SERIAL);
}

function bounded(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 1 || value > max) throw new RangeError(`not an id: ${value}`);
  return value;
}
