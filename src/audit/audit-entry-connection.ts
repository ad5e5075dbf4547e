import { connectionOf } from '../graphql/connection.js';
import { AuditEntry } from './audit-entry.entity.js';

export const AuditEntryConnection = connectionOf('AuditEntry', 'audit entries', () => AuditEntry);
