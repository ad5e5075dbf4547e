import { connectionOf } from '../graphql/connection.js';
import { Channel } from './channel.entity.js';

export const ChannelConnection = connectionOf('Channel', 'channels', () => Channel);
