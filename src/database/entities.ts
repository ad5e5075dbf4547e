/** Every table of the database. */
import { RefreshToken } from '../auth/refresh-token.entity.js';
import { Channel } from '../channels/channel.entity.js';
import { ChannelAcl } from '../channels/channel-acl.entity.js';
import { Organization } from '../organizations/organization.entity.js';
import { Role } from '../roles/role.entity.js';
import { UserRole } from '../roles/user-role.entity.js';
import { User } from '../users/user.entity.js';

export const entities = [Organization, User, Channel, Role, UserRole, ChannelAcl, RefreshToken];
