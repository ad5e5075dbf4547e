import { connectionOf } from '../graphql/connection.js';
import { ApiKey } from './api-key.entity.js';

export const ApiKeyConnection = connectionOf('ApiKey', 'API keys', () => ApiKey);
