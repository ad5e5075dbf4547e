import { DemoApi } from '../scripts/demo-api.js';
import type { DemoServer } from '../scripts/demo-server.js';
import { BenchApi } from './bench-api.js';

export const TOWN_TAG = 'bench';
export const TOWN_PASSWORD = 'a password for the bench';
/** Settings without which the bench would measure a limit. Tokens last, because each takes a password, which takes time by design. */
export const TOWN_ENVIRONMENT = {
  PARLEY_SECURITY_ACCESS_TOKEN_TTL_S: '86400',
  PARLEY_SERVER_MAX_CONNECTIONS: '1100',
  PARLEY_LIMITS_MAX_USERS_PER_ORG: '1100',
  PARLEY_LIMITS_MAX_USERS_PER_CHANNEL: '1100',
  PARLEY_AUDIO_MAX_BITRATE: '512000',
};
/** As many passwords at once as the server works on. */
const CONCURRENCY = 4;

/** An organization with people who have logged in, and the channels for them. */
export interface Town {
  readonly organizationId: string;
  /** Of an administrator. */
  readonly adminToken: string;
  /** An access token of each user. */
  readonly tokens: readonly string[];
  /** The channels that were asked for, without the lobby. */
  readonly channelIds: readonly number[];
}

/** Makes users and channels by the API, as an administrator would, and logs everybody in. */
export async function buildTown(server: DemoServer, users: number, channels: number): Promise<Town> {
  const admin = new DemoApi(server.httpUrl);
  await admin.login('admin', server.adminPassword);
  const organizationId = await admin.createOrganization('Bench', TOWN_TAG, {
    maxUsers: users,
    maxChannels: channels + 1,
  });
  const roleId = await admin.createSpeakerRole(organizationId, 'speaker');
  for (let channel = 0; channel < channels; channel += 1)
    await admin.createChannel(organizationId, `Channel ${channel}`);
  const api = new BenchApi(server.httpUrl);
  try {
    const adminToken = await api.login(null, 'admin', server.adminPassword);
    const tokens: string[] = [];
    await inParallel(users, CONCURRENCY, async (user) => {
      await admin.createUser(organizationId, `user ${user}`, TOWN_PASSWORD, roleId);
      tokens[user] = await api.login(TOWN_TAG, `user ${user}`, TOWN_PASSWORD);
    });
    const told = await api.channels(adminToken, organizationId);
    const channelIds = told.filter(({ name }) => name.startsWith('Channel ')).map(({ id }) => id);
    return { organizationId, adminToken, tokens, channelIds };
  } finally {
    api.close();
  }
}

/** Does something for each number below `count`, a bounded number of them at once. */
export async function inParallel(
  count: number,
  concurrency: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}
