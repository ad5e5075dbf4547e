/** Every table of the database. */
import { ApiKey } from '../api-keys/api-key.entity.js';
import { AuditEntry } from '../audit/audit-entry.entity.js';
import { RefreshToken } from '../auth/refresh-token.entity.js';
import { Ban } from '../bans/ban.entity.js';
import { ClientCertificate } from '../certificates/client-certificate.entity.js';
import { Channel } from '../channels/channel.entity.js';
import { ChannelAcl } from '../channels/channel-acl.entity.js';
import { IdempotencyKey } from '../idempotency/idempotency-key.entity.js';
import { Invitation } from '../invitations/invitation.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { Role } from '../roles/role.entity.js';
import { UserRole } from '../roles/user-role.entity.js';
import { User } from '../users/user.entity.js';

export const entities = [
  Organization,
  User,
  Channel,
  Role,
  UserRole,
  ChannelAcl,
  RefreshToken,
  AuditEntry,
  Ban,
  Invitation,
  ApiKey,
  ClientCertificate,
  IdempotencyKey,
];
