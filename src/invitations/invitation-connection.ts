import { connectionOf } from '../graphql/connection.js';
import { Invitation } from './invitation.entity.js';

export const InvitationConnection = connectionOf('Invitation', 'invitations', () => Invitation);
