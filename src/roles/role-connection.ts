import { connectionOf } from '../graphql/connection.js';
import { Role } from './role.entity.js';

export const RoleConnection = connectionOf('Role', 'roles', () => Role);
