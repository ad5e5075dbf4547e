import { connectionOf } from '../graphql/connection.js';
import { ChannelAcl } from './channel-acl.entity.js';

export const ChannelAclConnection = connectionOf('ChannelAclEntry', 'entries', () => ChannelAcl);
