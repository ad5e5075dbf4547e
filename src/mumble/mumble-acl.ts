/** A channel's list of rights in the dialog of Mumble's clients, as far as the two models map: docs/MUMBLE.md tells how far. */
import type { ChannelAcl } from '../channels/channel-acl.entity.js';
import type { ChannelId, RoleId } from '../ids.js';
import { ALL_PERMISSIONS, type PermissionMask } from '../permissions/bits.js';
import { denied } from '../permissions/permission.service.js';
import type { MumbleAcl, MumbleAcl_ChanAcl } from '../protocol/generated/mumble_pb.js';
import type { RequestContext } from '../request-context.js';
import type { Role } from '../roles/role.entity.js';
import { toChannelId } from '../voice/control-requests.js';
import { encodeMessage, type MumbleInit } from './mumble-messages.js';
import { channelBits, MumblePermission, permissionsGranted } from './mumble-permissions.js';
import type { MumblePorts } from './mumble-ports.js';
import type { MumbleSession } from './mumble-session.js';
import { ROOT_ID } from './organization-mirror.js';

/** The group of everybody, to whom a list denies what it does not grant. */
const EVERYBODY = 'all';

/** The list of a channel, or the one that it follows. Throws PERMISSION_DENIED for whoever does not manage it. */
export async function answerAclQuery(
  ports: MumblePorts,
  session: MumbleSession,
  number: number,
  ctx: RequestContext,
): Promise<Uint8Array> {
  requireWrite(session, number);
  const roles = await allRoles(ports, session, ctx);
  const groups = roles.map(({ name }) => ({ name, inherited: number !== ROOT_ID, inherit: true, inheritable: true }));
  const rolesOwn = roles.map(({ name, permissions }) => entry(name, permissions, number !== ROOT_ID));
  if (number === ROOT_ID) {
    return encodeMessage('acl', { channelId: number, inheritAcls: false, groups, acls: rolesOwn });
  }
  const id = toChannelId(number);
  const governing = await governingList(ports, session, id, ctx);
  const isOwn = governing?.id === id;
  const acls = governing === undefined ? rolesOwn : listed(governing.entries, roles, !isOwn);
  return encodeMessage('acl', { channelId: number, inheritAcls: !isOwn, groups, acls });
}

/** Replaces the list of a channel. Throws PERMISSION_DENIED, with the reason, for what the rules of Parley cannot say. */
export async function saveAcl(
  ports: MumblePorts,
  session: MumbleSession,
  { channelId = ROOT_ID, inheritAcls = true, groups, acls }: MumbleAcl,
  ctx: RequestContext,
): Promise<void> {
  requireWrite(session, channelId);
  if (channelId === ROOT_ID) throw denied('What roles may do everywhere is said through the API.');
  if (groups.some(({ add, remove }) => add.length + remove.length > 0)) {
    throw denied('Who holds a role is said through the API.');
  }
  const roles = await allRoles(ports, session, ctx);
  const own = acls.filter((each) => each.inherited !== true && !isClosing(each));
  if (inheritAcls && own.length > 0) {
    throw denied(
      'A list of a channel is complete: turn off the inheritance, and name every role that may do something.',
    );
  }
  if (!inheritAcls && own.length === 0) throw denied('A list without any entry is none: name a role.');
  const wanted = new Map<RoleId, PermissionMask>();
  for (const each of own) {
    const { id, mask } = wish(each, roles);
    wanted.set(id, (wanted.get(id) ?? 0) | mask);
  }
  await ports.services.acl.replaceEntries(ctx, toChannelId(channelId), wanted);
}

function requireWrite(session: MumbleSession, channelId: number): void {
  if ((session.bitsIn(channelId) & MumblePermission.write) !== 0) return;
  throw denied('You lack MANAGE here.', 'MANAGE');
}

async function allRoles(
  { services }: MumblePorts,
  { organizationId }: MumbleSession,
  ctx: RequestContext,
): Promise<readonly Role[]> {
  return (await services.roles.list(ctx, organizationId, { first: 100, after: null })).items;
}

/** The list of the nearest channel upwards that has one. */
async function governingList(
  ports: MumblePorts,
  session: MumbleSession,
  id: ChannelId,
  ctx: RequestContext,
): Promise<{ readonly id: ChannelId; readonly entries: readonly ChannelAcl[] } | undefined> {
  for (let at: ChannelId | null = id; at !== null; at = session.facts()?.channels.get(at)?.parentId ?? null) {
    const entries = await entriesOf(ports, at, ctx);
    if (entries.length > 0) return { id: at, entries };
  }
  return undefined;
}

async function entriesOf(
  { services }: MumblePorts,
  id: ChannelId,
  ctx: RequestContext,
): Promise<readonly ChannelAcl[]> {
  const { entries } = await services.acl.entriesOf(ctx, [await services.channels.get(ctx, id)]);
  return entries.get(id) ?? [];
}

/** First everybody is denied all, and then each role is granted its part: so a complete list is written here. */
function listed(entries: readonly ChannelAcl[], roles: readonly Role[], inherited: boolean) {
  const named = new Map(roles.map(({ id, name }) => [id, name]));
  const closing = { ...entry(EVERYBODY, 0, inherited), deny: channelBits(ALL_PERMISSIONS) };
  return [closing, ...entries.map(({ roleId, permissions }) => entry(named.get(roleId) ?? '', permissions, inherited))];
}

function entry(
  group: string,
  mask: PermissionMask,
  inherited: boolean,
): NonNullable<MumbleInit<'acl'>['acls']>[number] {
  return { applyHere: true, applySubs: true, inherited, group, grant: channelBits(mask), deny: 0 };
}

function isClosing({ group, grant = 0, deny = 0 }: MumbleAcl_ChanAcl): boolean {
  return group === EVERYBODY && grant === 0 && deny !== 0;
}

function wish(each: MumbleAcl_ChanAcl, roles: readonly Role[]): { readonly id: RoleId; readonly mask: PermissionMask } {
  const { group = '', userId, grant = 0, deny = 0, applyHere = true, applySubs = true } = each;
  const role = roles.find(({ name }) => name === group);
  if (userId !== undefined || role === undefined) throw denied('An entry is for a role, and the group has its name.');
  if (deny !== 0) throw denied('Nothing is denied here: what no role grants is not allowed.');
  if (!applyHere || !applySubs) throw denied('A list holds for the channel and for all below it that have none.');
  const mask = permissionsGranted(grant);
  if (mask === undefined)
    throw denied('Only Enter, Speak, Whisper and Write ACL can be granted, with what belongs to them.');
  return { id: role.id, mask };
}
