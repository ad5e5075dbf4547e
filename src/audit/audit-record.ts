import type { OrganizationId } from '../ids.js';

/** Public values of a target, by the names that the API gives them. Never a secret, nor the hash of one. */
export type AuditSnapshot = Readonly<Record<string, string | number | boolean | null | readonly (string | number)[]>>;

/** What can be done to what, and is written down. */
export const AUDIT_ACTIONS = [
  'organization_created',
  'organization_updated',
  'organization_deleted',
  'user_created',
  'user_updated',
  'user_deleted',
  'user_password_changed',
  'role_created',
  'role_updated',
  'role_deleted',
  'role_assigned',
  'role_unassigned',
  'channel_created',
  'channel_updated',
  'channel_deleted',
  'channel_acl_entry_set',
  'channel_acl_entry_removed',
  'ban_created',
  'ban_lifted',
  'invitation_created',
  'invitation_revoked',
  'invitation_redeemed',
  'api_key_created',
  'api_key_revoked',
  'certificate_bound',
  'certificate_removed',
  'session_kicked',
  'session_muted',
  'session_unmuted',
  'session_deafened',
  'session_undeafened',
  'session_prioritized',
  'session_unprioritized',
  'session_moved',
  'node_drained',
  'node_opened',
  'log_level_changed',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

export const AUDIT_TARGETS = [
  'organization',
  'user',
  'role',
  'channel',
  'ban',
  'invitation',
  'api_key',
  'certificate',
  'session',
  'node',
  'server',
] as const;

export type AuditTarget = (typeof AUDIT_TARGETS)[number];

/** One change, to be written down in its own transaction. Who, why and by which request comes from the context. */
export interface AuditRecord {
  readonly organizationId: OrganizationId | null;
  readonly action: AuditAction;
  readonly target: { readonly type: AuditTarget; readonly id: number | null };
  readonly before?: AuditSnapshot | undefined;
  readonly after?: AuditSnapshot | undefined;
}

/** The fields in which two snapshots differ, each as it was and as it is: what an edit is about. */
export function differences(
  before: AuditSnapshot,
  after: AuditSnapshot,
): { readonly before: AuditSnapshot; readonly after: AuditSnapshot } {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (key) => JSON.stringify(before[key]) !== JSON.stringify(after[key]),
  );
  const pick = (snapshot: AuditSnapshot) => Object.fromEntries(changed.map((key) => [key, snapshot[key] ?? null]));
  return { before: pick(before), after: pick(after) };
}
