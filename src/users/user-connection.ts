import { connectionOf } from '../graphql/connection.js';
import { User } from './user.entity.js';

export const UserConnection = connectionOf('User', 'users', () => User);
