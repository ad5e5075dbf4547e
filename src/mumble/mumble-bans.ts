/** The bans of an organization in the dialog of Mumble's clients: docs/MUMBLE.md tells how the two kinds map. */
import type { Ban } from '../bans/ban.entity.js';
import type { NewBan } from '../bans/ban.service.js';
import { AppError, invalidInput } from '../errors.js';
import { everyItem } from '../every-item.js';
import type { UserId } from '../ids.js';
import { denied } from '../permissions/permission.service.js';
import type { MumbleBanList, MumbleBanList_BanEntry } from '../protocol/generated/mumble_pb.js';
import type { RequestContext } from '../request-context.js';
import { encodeMessage, type MumbleInit } from './mumble-messages.js';
import type { MumblePorts } from './mumble-ports.js';
import type { MumbleSession } from './mumble-session.js';
import { usersOf } from './mumble-users.js';
import { networkFromBytes, networkToBytes } from './network-bytes.js';

/** Of more bans the dialog could not show all, and what it does not show it would lift. */
const MAX_BANS = 500;
/** What stands for no address at all. */
const NOWHERE = Buffer.alloc(16);
const HOST_MASK = 128;

type Entry = NonNullable<MumbleInit<'banList'>['bans']>[number];

interface ShownBan {
  readonly ban: Ban;
  readonly entry: Entry;
}

/** The bans that are in force. Throws PERMISSION_DENIED for whoever does not hold MANAGE in the organization. */
export async function answerBanQuery(
  ports: MumblePorts,
  session: MumbleSession,
  ctx: RequestContext,
): Promise<Uint8Array> {
  const shown = await shownBans(ports, session, ctx);
  return encodeMessage('banList', { bans: shown.map(({ entry }) => entry) });
}

/**
 * Makes the bans in force what the list says, all of it or nothing: what is not on it any more is lifted. Throws with the
 * reason for what the bans of Parley cannot say.
 */
export async function saveBans(
  ports: MumblePorts,
  session: MumbleSession,
  { bans: wanted }: MumbleBanList,
  ctx: RequestContext,
): Promise<void> {
  const left = Map.groupBy(await shownBans(ports, session, ctx), ({ entry }) => keyOf(entry));
  if (wanted.length > MAX_BANS) throw tooMany();
  const made: NewBan[] = [];
  for (const entry of wanted) {
    if (left.get(keyOf(entry))?.pop() === undefined) made.push(...(await newBans(ports, session, entry, ctx)));
  }
  const lifted = [...left.values()].flat().map(({ ban }) => ban.id);
  await ports.services.bans.change(ctx, session.organizationId, { lifted, made });
}

async function shownBans({ services }: MumblePorts, session: MumbleSession, ctx: RequestContext): Promise<ShownBan[]> {
  const { bans, users } = services;
  const all = await everyItem((page) => bans.list(ctx, session.organizationId, page));
  const inForce = all.filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > Date.now());
  if (inForce.length > MAX_BANS) throw tooMany();
  const banned = await users.getMany(
    ctx,
    inForce.flatMap(({ userId }) => userId ?? []),
  );
  const names = new Map(banned.flatMap((user) => (user === undefined ? [] : [[user.id, user.username] as const])));
  return inForce.map((ban) => ({ ban, entry: entryOf(ban, names) }));
}

/** A banned user has a name and no address. */
function entryOf(
  { userId, addressRange, reason, createdAt, expiresAt }: Ban,
  names: ReadonlyMap<UserId, string>,
): Entry {
  const place = addressRange === null ? { address: NOWHERE, mask: HOST_MASK } : networkToBytes(addressRange);
  const lastsMs = expiresAt === null ? 0 : expiresAt.getTime() - createdAt.getTime();
  return {
    ...place,
    name: userId === null ? '' : (names.get(userId) ?? ''),
    hash: '',
    reason: reason ?? '',
    start: createdAt.toISOString(),
    duration: Math.ceil(lastsMs / 1000),
  };
}

/** What of an entry makes it another one. The begin is not: clients write it in their own way. */
function keyOf({ address = NOWHERE, mask = HOST_MASK, name, hash, reason, duration }: Entry | MumbleBanList_BanEntry) {
  return JSON.stringify([
    Buffer.from(address).toString('hex'),
    mask,
    name ?? '',
    hash ?? '',
    reason ?? '',
    duration ?? 0,
  ]);
}

/** An entry with an address bans the network; one with the hash of a certificate, or a name without an address, its user. */
async function newBans(
  ports: MumblePorts,
  session: MumbleSession,
  {
    address = NOWHERE,
    mask = HOST_MASK,
    name = '',
    hash = '',
    reason = '',
    start = '',
    duration = 0,
  }: MumbleBanList_BanEntry,
  ctx: RequestContext,
): Promise<readonly NewBan[]> {
  const terms = {
    reason: reason.trim() === '' ? undefined : reason.replace(/\s+/g, ' ').trim(),
    expiresAt: duration === 0 ? undefined : new Date(beginOf(start) + 1000 * duration),
  };
  const isNowhere = Buffer.from(address).equals(NOWHERE);
  const made: NewBan[] = [];
  if (!isNowhere) {
    const addressRange = networkFromBytes({ address, mask });
    if (addressRange === undefined)
      throw invalidInput(['bans'], 'An address has 16 bytes, and a mask at most 128 bits.');
    made.push({ ...terms, addressRange });
  }
  if (hash !== '' || isNowhere) made.push({ ...terms, userId: await bannedUser(ports, session, { name, hash }, ctx) });
  return made;
}

async function bannedUser(
  { services }: MumblePorts,
  { organizationId }: MumbleSession,
  { name, hash }: { readonly name: string; readonly hash: string },
  ctx: RequestContext,
): Promise<UserId> {
  if (hash !== '') {
    const owner = await services.certificates.ownerOf(ctx, organizationId, hash.toLowerCase());
    if (owner !== undefined) return owner;
    throw denied('A certificate is banned with the user whom it is bound to, and this one is bound to nobody.');
  }
  const all = await everyItem((page) => usersOf(services, ctx, organizationId, page));
  const user = all.find(({ username }) => username === name);
  if (user !== undefined) return user.id;
  throw denied('Nobody here has this name: ban a user by the name or the certificate, or a network by its address.');
}

/** As the client says it, but not later than now. */
function beginOf(start: string): number {
  const time = Date.parse(start);
  return Number.isNaN(time) ? Date.now() : Math.min(time, Date.now());
}

function tooMany(): AppError {
  return invalidInput(['bans'], `There are more than ${MAX_BANS} bans: they are kept through the API.`, {
    max: MAX_BANS,
  });
}
