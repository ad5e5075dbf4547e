import { AppError, invalidInput, notFound, unreachable } from '../errors.js';
import { channelId, parseSerial, type SessionId, userId } from '../ids.js';
import { holds, Permission } from '../permissions/bits.js';
import { denied } from '../permissions/permission.service.js';
import type { SendText } from '../protocol/generated/control_pb.js';
import { toMessageText } from '../text-rules.js';
import type { ServerBody } from './control-frames.js';
import type { OrganizationView, ViewedSession } from './organization-view.js';

/** A text on its way, and whom it reaches. */
export interface AddressedText {
  readonly message: ServerBody;
  readonly receivers: readonly SessionId[];
}

/**
 * Says who gets what a session writes: who is in the channel, deafened or not, or the session of a user. The sender
 * gets nothing. It is judged by what voice knows of the organization, so that people can write while the database is
 * away. Throws NOT_FOUND, PERMISSION_DENIED, PASSWORD_REQUIRED or INVALID_INPUT.
 */
export function addressText(view: OrganizationView, senderId: SessionId, { receiver, text }: SendText): AddressedText {
  const sender = view.sessions.get(senderId);
  if (sender === undefined) throw notFound('session');
  const composed = toMessageText(text, ['text']);
  const { id: sessionId, userId: ofUser, username } = sender.session;
  const message = (toChannel: number): ServerBody => ({
    case: 'textMessage',
    value: { sessionId, userId: ofUser, username, channelId: toChannel, text: composed },
  });
  switch (receiver.case) {
    case 'channelId':
      return { message: message(receiver.value), receivers: membersOf(view, sender, receiver.value) };
    case 'userId':
      return { message: message(0), receivers: [sessionOf(view, sender, receiver.value)] };
    case undefined:
      throw invalidInput(['receiver'], 'A text is for a channel or a user.');
    default:
      return unreachable(receiver);
  }
}

/** Who knows the password of a channel is in it: JOIN alone is not enough to write into one that has a password. */
function membersOf(view: OrganizationView, { session, channelIds }: ViewedSession, number: number): SessionId[] {
  const id = channelId(serialOf(number, 'channel'));
  const channel = view.facts?.channels.get(id);
  if (view.facts === null || channel === undefined) throw notFound('channel');
  const permissions = view.facts.permissionsIn(id, session.userId);
  if (!holds(permissions, Permission.JOIN)) throw denied('You lack JOIN in this channel.', 'JOIN');
  if (channel.hasPassword && !channelIds.includes(id) && !holds(permissions, Permission.MANAGE)) {
    throw new AppError('PASSWORD_REQUIRED', 'This channel has a password: join it to write there.');
  }
  return [...view.sessions.values()]
    .filter((other) => other.session.id !== session.id && other.channelIds.includes(id))
    .map((other) => other.session.id);
}

function sessionOf(view: OrganizationView, { session }: ViewedSession, number: number): SessionId {
  const found = view.sessionOf(userId(serialOf(number, 'user')))?.session.id;
  if (found === undefined) throw notFound('user');
  if (found === session.id) throw invalidInput(['receiver', 'userId'], 'This is you.');
  return found;
}

/** A number from the network that no id can be names nothing. */
function serialOf(number: number, noun: string): number {
  const serial = parseSerial(String(number));
  if (serial === undefined) throw notFound(noun);
  return serial;
}
