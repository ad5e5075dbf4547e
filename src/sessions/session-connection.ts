import { connectionOf } from '../graphql/connection.js';
import { SessionType } from './session-type.js';

export const SessionConnection = connectionOf('Session', 'sessions', () => SessionType);
