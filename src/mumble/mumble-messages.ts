/** The frames of Mumble's control channel: a type of two bytes, a length of four, both big-endian, and one message. */
import { create, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { AppError } from '../errors.js';
import {
  MumbleAclSchema,
  MumbleAuthenticateSchema,
  MumbleBanListSchema,
  MumbleChannelRemoveSchema,
  MumbleChannelStateSchema,
  MumbleCodecVersionSchema,
  MumbleCryptSetupSchema,
  MumblePermissionDeniedSchema,
  MumblePermissionQuerySchema,
  MumblePingSchema,
  MumbleQueryUsersSchema,
  MumbleRejectSchema,
  MumbleRequestBlobSchema,
  MumbleServerConfigSchema,
  MumbleServerSyncSchema,
  MumbleTextMessageSchema,
  MumbleUserListSchema,
  MumbleUserRemoveSchema,
  MumbleUserStateSchema,
  MumbleUserStatsSchema,
  MumbleVersionSchema,
  MumbleVoiceTargetSchema,
} from '../protocol/generated/mumble_pb.js';

const MESSAGES = {
  version: { type: 0, schema: MumbleVersionSchema },
  authenticate: { type: 2, schema: MumbleAuthenticateSchema },
  ping: { type: 3, schema: MumblePingSchema },
  reject: { type: 4, schema: MumbleRejectSchema },
  serverSync: { type: 5, schema: MumbleServerSyncSchema },
  channelRemove: { type: 6, schema: MumbleChannelRemoveSchema },
  channelState: { type: 7, schema: MumbleChannelStateSchema },
  userRemove: { type: 8, schema: MumbleUserRemoveSchema },
  userState: { type: 9, schema: MumbleUserStateSchema },
  banList: { type: 10, schema: MumbleBanListSchema },
  textMessage: { type: 11, schema: MumbleTextMessageSchema },
  permissionDenied: { type: 12, schema: MumblePermissionDeniedSchema },
  acl: { type: 13, schema: MumbleAclSchema },
  queryUsers: { type: 14, schema: MumbleQueryUsersSchema },
  cryptSetup: { type: 15, schema: MumbleCryptSetupSchema },
  userList: { type: 18, schema: MumbleUserListSchema },
  voiceTarget: { type: 19, schema: MumbleVoiceTargetSchema },
  permissionQuery: { type: 20, schema: MumblePermissionQuerySchema },
  codecVersion: { type: 21, schema: MumbleCodecVersionSchema },
  userStats: { type: 22, schema: MumbleUserStatsSchema },
  requestBlob: { type: 23, schema: MumbleRequestBlobSchema },
  serverConfig: { type: 24, schema: MumbleServerConfigSchema },
} as const;

type Messages = typeof MESSAGES;
export type MumbleMessageName = keyof Messages;

/** The type of a frame whose body is a voice packet and no message. */
export const TUNNEL_TYPE = 1;
/** Bytes before the body. */
export const FRAME_HEADER_BYTES = 6;
/** The highest type that a client of the versions which we know sends. */
const MAX_TYPE = 26;

/** A message under its name. */
export type MumbleMessage = {
  [Name in MumbleMessageName]: { readonly name: Name; readonly value: MessageShape<Messages[Name]['schema']> };
}[MumbleMessageName];

const NAMES: ReadonlyMap<number, MumbleMessageName> = new Map(
  Object.entries(MESSAGES).map(([name, { type }]) => [type, name as MumbleMessageName]),
);

/** What is said with a message. */
export type MumbleInit<Name extends MumbleMessageName> = MessageInitShape<Messages[Name]['schema']>;

/** The frame of a message. */
export function encodeMessage<Name extends MumbleMessageName>(name: Name, value: MumbleInit<Name>): Uint8Array {
  const { type, schema } = MESSAGES[name];
  return encodeFrame(type, toBinary(schema, create<Messages[Name]['schema']>(schema, value)));
}

/** The frame of any body. */
export function encodeFrame(type: number, body: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + body.length);
  frame.writeUInt16BE(type, 0);
  frame.writeUInt32BE(body.length, 2);
  frame.set(body, FRAME_HEADER_BYTES);
  return frame;
}

/** Reads the message of a frame. Returns undefined for a type that clients may send and that means nothing here. Throws MALFORMED for any other, and for a body that is no such message. */
export function decodeMessage(type: number, body: Uint8Array): MumbleMessage | undefined {
  const name = NAMES.get(type);
  if (name === undefined) {
    if (type <= MAX_TYPE) return undefined;
    throw new AppError('MALFORMED', 'There is no such type of message.');
  }
  try {
    return { name, value: fromBinary(MESSAGES[name].schema, body, { readUnknownFields: false }) } as MumbleMessage;
  } catch (error) {
    throw new AppError('MALFORMED', 'The bytes of a frame are not a message of the protocol.', { cause: error });
  }
}
