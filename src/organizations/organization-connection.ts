import { connectionOf } from '../graphql/connection.js';
import { Organization } from './organization.entity.js';

export const OrganizationConnection = connectionOf('Organization', 'organizations', () => Organization);
