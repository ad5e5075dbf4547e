import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AppError, notFound } from '../errors.js';
import type { SessionId } from '../ids.js';
import { denied } from '../permissions/permission.service.js';
import { ModerateSchema } from '../protocol/generated/control_pb.js';
import type { MumbleChannelState, MumbleUserRemove, MumbleUserState } from '../protocol/generated/mumble_pb.js';
import type { RequestContext } from '../request-context.js';
import { toReason } from '../text-rules.js';
import { toChannelId } from '../voice/control-requests.js';
import type { SessionRates } from '../voice/session-rates.js';
import { plainText } from './html-text.js';
import { answerAclQuery, saveAcl } from './mumble-acl.js';
import { answerBanQuery, saveBans } from './mumble-bans.js';
import type { MumbleMessage } from './mumble-messages.js';
import type { MumblePorts } from './mumble-ports.js';
import type { RequestTools } from './mumble-requests.js';
import type { MumbleSession } from './mumble-session.js';
import { onUserList } from './mumble-users.js';
import { ROOT_ID } from './organization-mirror.js';

type Action = MessageInitShape<typeof ModerateSchema>['action'];

/** What a Mumble client does that holds MANAGE: to others, to channels and to their lists of rights. */
export class MumbleModeration {
  readonly #ports: MumblePorts;
  readonly #session: MumbleSession;
  readonly #tools: RequestTools;
  readonly #rates: SessionRates;

  constructor(ports: MumblePorts, session: MumbleSession, tools: RequestTools, rates: SessionRates) {
    this.#ports = ports;
    this.#session = session;
    this.#tools = tools;
    this.#rates = rates;
  }

  async handle({ name, value }: MumbleMessage, ctx: RequestContext, requestId: string): Promise<void> {
    this.#rates.takeModeration(this.#ports.host.nowMs());
    const { channels } = this.#ports.services;
    switch (name) {
      case 'userRemove':
        await this.#putOut(value, ctx, requestId);
        break;
      case 'channelState':
        await this.#changeChannel(value, ctx);
        break;
      case 'channelRemove':
        await channels.delete(ctx, toChannelId(value.channelId ?? ROOT_ID), { recursive: true });
        break;
      case 'acl':
        if (value.query === true) {
          this.#tools.connection.send(
            await answerAclQuery(this.#ports, this.#session, value.channelId ?? ROOT_ID, ctx),
          );
        } else await saveAcl(this.#ports, this.#session, value, ctx);
        break;
      case 'banList':
        if (value.query === true) this.#tools.connection.send(await answerBanQuery(this.#ports, this.#session, ctx));
        else await saveBans(this.#ports, this.#session, value, ctx);
        break;
      case 'userList':
        this.#tools.connection.send(await onUserList(this.#ports, this.#session, value, ctx));
        break;
      default:
        throw new Error(`no moderation: ${name}`);
    }
  }

  /** Moves another user, or changes what moderators have taken from it or given. */
  async changeUser(state: MumbleUserState, requestId: string): Promise<void> {
    const { session = 0, channelId } = state;
    if (state.comment !== undefined || state.selfMute !== undefined || state.selfDeaf !== undefined) {
      throw denied('This is up to the user.');
    }
    if (state.listeningChannelAdd.length + state.listeningChannelRemove.length > 0) {
      throw denied('Users say themselves what they listen to.');
    }
    await this.changeStanding(session, state, requestId);
    if (channelId === undefined) return;
    const move = { fromChannelId: 0, toChannelId: channelId === ROOT_ID ? 0 : toChannelId(channelId) };
    await this.#moderate(session, { case: 'move', value: move }, '', requestId);
  }

  /** Who is deafened is muted too, and who may speak again hears again: so do Mumble's clients think. */
  async changeStanding(
    session: number,
    { mute, deaf, suppress, prioritySpeaker }: MumbleUserState,
    requestId: string,
  ): Promise<void> {
    if (suppress !== undefined) throw denied('Who may speak in a channel is said by its list of rights.');
    const muted = deaf === true ? true : mute;
    const deafened = mute === false ? false : deaf;
    if (muted !== undefined) await this.#moderate(session, { case: 'muted', value: muted }, '', requestId);
    if (deafened !== undefined) await this.#moderate(session, { case: 'deafened', value: deafened }, '', requestId);
    if (prioritySpeaker !== undefined) {
      await this.#moderate(session, { case: 'prioritySpeaker', value: prioritySpeaker }, '', requestId);
    }
  }

  async #putOut(
    { session = 0, reason = '', ban = false }: MumbleUserRemove,
    ctx: RequestContext,
    requestId: string,
  ): Promise<void> {
    const words = plainText(reason).replace(/\s+/g, ' ');
    if (!ban) {
      await this.#moderate(session, { case: 'kick', value: {} }, words, requestId);
      return;
    }
    const user = this.#session.view()?.sessions.get(session as SessionId)?.session;
    if (user === undefined) throw notFound('user');
    const because = words === '' ? {} : { reason: toReason(words, ['reason']) };
    await this.#ports.services.bans.create(ctx, this.#session.organizationId, { userId: user.userId, ...because });
  }

  async #moderate(sessionId: number, action: Action, reason: string, requestId: string): Promise<void> {
    const value = create(ModerateSchema, { sessionId, action, reason });
    await this.#tools.requests.request({ case: 'moderate', value }, requestId);
  }

  async #changeChannel(state: MumbleChannelState, ctx: RequestContext): Promise<void> {
    const { channels } = this.#ports.services;
    const { channelId, parent, name, position, maxUsers, temporary } = state;
    if (temporary === true) throw denied('Channels stay until somebody removes them.');
    if (state.links.length + state.linksAdd.length + state.linksRemove.length > 0) {
      throw denied('Channels are not linked here: join several, or listen to them.');
    }
    const description = state.description === undefined ? undefined : plainText(state.description);
    const change = { name, description, position, maxUsers };
    if (channelId === undefined) {
      const parentId = parent === undefined || parent === ROOT_ID ? undefined : toChannelId(parent);
      await channels.create(ctx, this.#session.organizationId, { ...change, name: name ?? '', parentId });
      return;
    }
    if (channelId === ROOT_ID) throw new AppError('PERMISSION_DENIED', 'The organization is changed through the API.');
    const parentId = parent === undefined ? undefined : parent === ROOT_ID ? null : toChannelId(parent);
    await channels.update(ctx, toChannelId(channelId), { ...change, parentId });
  }
}
