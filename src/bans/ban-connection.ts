import { connectionOf } from '../graphql/connection.js';
import { Ban } from './ban.entity.js';

export const BanConnection = connectionOf('Ban', 'bans', () => Ban);
