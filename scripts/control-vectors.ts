/**
 * Test vectors of the control protocol, built from docs/NETWORK_PROTOCOL.md and proto/control.proto by hand: no
 * generated code and nothing of the server or of the client is used, so that both can be checked against them.
 */
import {
  boolean,
  bytes,
  chosen,
  encode,
  type Field,
  fixed64,
  long,
  message,
  messages,
  number,
  numbers,
  plain,
  signed,
  text,
} from './wire-fields.js';

const SESSION_ID = 0xc0ffee01;
const CLIENT_KEY = '000102030405060708090a0b0c0d0e0f';
const SERVER_KEY = '101112131415161718191a1b1c1d1e1f';
const CHANNEL_KEY = '202122232425262728292a2b2c2d2e2f';
const RESUME_TOKEN = '606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f';
const TICKET = '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f7b7d';
const CERTIFICATE_SHA256 = 'a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf';
/** The vector "first packet" of voice-packets.json. */
const VOICE_UP =
  '50000000002ac0ffee0100000000000140d47a5911e2fd2ddadc1da728e59e6e3efd80379b8e8daa5b7eaf52fc9c1bbd5aa644';
const SESSION_TAG_BYTES = 12;
const WHISPER_TARGET = 0x80000005;

/** The whole of `test/vectors/control-frames.json`. */
export function controlVectors(): object {
  return {
    about:
      'Frames of docs/NETWORK_PROTOCOL.md in the order of a session. Written by scripts/make-control-vectors.ts; bytes, keys and 64-bit integers are hexadecimal. Fields that are not named hold 0, nothing or false.',
    frames: conversation(),
    other_frames: [
      frame('client', 'login with an access token', 1, 'login', 2, [
        number(1, 'protocol_version', 1),
        text(2, 'client_name', 'example 1.0'),
        text(4, 'access_token', 'eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl'),
      ]),
      frame('client', 'resume', 1, 'resume', 21, [
        number(1, 'protocol_version', 1),
        number(2, 'session_id', SESSION_ID),
        bytes(3, 'token', RESUME_TOKEN),
      ]),
      frame('server', 'refused, the session having been ended', 1, 'refused', 3, [
        number(1, 'code', 26),
        text(2, 'message', 'You were removed from the server.'),
      ]),
      frame('client', 'login with a ticket of another node', 1, 'login', 2, [
        number(1, 'protocol_version', 1),
        text(2, 'client_name', 'example 1.0'),
        boolean(5, 'follows_redirects', true),
        bytes(6, 'ticket', TICKET),
      ]),
      frame('server', 'redirect to another node', 1, 'redirect', 18, [
        message(1, 'node', [
          text(1, 'host', 'node2.voice.example'),
          number(2, 'port', 9000),
          bytes(3, 'certificate_sha256', CERTIFICATE_SHA256),
        ]),
        bytes(2, 'ticket', TICKET),
        number(3, 'valid_ms', 30000),
      ]),
      frame('client', 'logout', 9, 'logout', 22, []),
    ],
    refused_by_server: [
      { name: 'a length of 0', bytes: '00000000', before_login: true, after_login: true, code: 'MALFORMED' },
      { name: 'a length of 4097', bytes: '00001001', before_login: true, after_login: false, code: 'TOO_LARGE' },
      { name: 'a length of 65537', bytes: '00010001', before_login: true, after_login: true, code: 'TOO_LARGE' },
      {
        name: 'bytes that are no message',
        bytes: '00000004ffffffff',
        before_login: true,
        after_login: true,
        code: 'MALFORMED',
      },
      {
        name: 'a field that is longer than its message',
        bytes: '0000000408011210',
        before_login: true,
        after_login: true,
        code: 'MALFORMED',
      },
    ],
  };
}

function conversation(): object[] {
  const voiceDown = VOICE_UP.slice(0, -2 * SESSION_TAG_BYTES);
  const ownSession = [number(1, 'session_id', SESSION_ID), number(2, 'user_id', 3), text(3, 'username', 'alice')];
  return [
    frame('client', 'login with a password', 1, 'login', 2, [
      number(1, 'protocol_version', 1),
      text(2, 'client_name', 'example 1.0'),
      message(3, 'password', [
        text(1, 'organization_tag', 'demo'),
        text(2, 'username', 'alice'),
        text(3, 'password', 'a password of somebody'),
      ]),
    ]),
    frame('server', 'welcome', 1, 'welcome', 4, [
      number(1, 'session_id', SESSION_ID),
      number(2, 'user_id', 3),
      text(3, 'username', 'alice'),
      number(4, 'organization_id', 2),
      text(5, 'organization_name', 'Demo'),
      text(6, 'organization_tag', 'demo'),
      message(7, 'voice', [
        number(1, 'udp_port', 9001),
        bytes(2, 'client_key', CLIENT_KEY),
        bytes(3, 'server_key', SERVER_KEY),
      ]),
      message(8, 'limits', [
        number(1, 'max_frame_bytes', 65536),
        number(2, 'max_datagram_bytes', 1200),
        number(3, 'max_bitrate', 128000),
        number(4, 'default_bitrate', 32000),
        number(5, 'max_joined_channels', 16),
        number(6, 'idle_timeout_ms', 30000),
        number(20, 'resume_timeout_ms', 30000),
      ]),
      text(9, 'server_name', 'Parley 0.1.0'),
      bytes(10, 'resume_token', RESUME_TOKEN),
    ]),
    frame('server', 'a channel at the root', 0, 'channel_state', 6, [
      number(1, 'id', 42),
      text(3, 'name', 'Lobby'),
      number(6, 'max_users', 50),
      number(7, 'permissions', 7),
    ]),
    frame('server', 'a channel below it, with a password', 0, 'channel_state', 6, [
      number(1, 'id', 43),
      number(2, 'parent_id', 42),
      text(3, 'name', 'Türmchen'),
      text(4, 'description', 'Two of us'),
      boolean(5, 'has_password', true),
      number(6, 'max_users', 2),
      number(7, 'permissions', 1),
    ]),
    frame('server', 'somebody else, deafened in the lobby', 0, 'session_state', 8, [
      number(1, 'session_id', 7),
      number(2, 'user_id', 4),
      text(3, 'username', 'bob'),
      numbers(4, 'channel_ids', [42]),
      boolean(6, 'self_deafened', true),
    ]),
    frame('server', 'the own session', 0, 'session_state', 8, ownSession),
    frame('server', 'that was all', 0, 'synchronized', 10, []),
    frame('client', 'join the lobby', 2, 'join', 3, [number(1, 'channel_id', 42)]),
    frame('server', 'the key of the lobby', 0, 'channel_key', 11, [
      number(1, 'target_id', 42),
      bytes(3, 'key', CHANNEL_KEY),
    ]),
    frame('server', 'joined', 2, 'done', 2, []),
    frame('server', 'the own session, in the lobby', 0, 'session_state', 8, [
      ...ownSession,
      numbers(4, 'channel_ids', [42]),
    ]),
    frame('client', 'voice through the tunnel', 0, 'tunneled_voice', 7, [bytes(1, 'packet', VOICE_UP)]),
    frame('server', 'voice through the tunnel', 0, 'tunneled_voice', 13, [bytes(1, 'packet', voiceDown)]),
    frame('client', 'join with a wrong password', 3, 'join', 3, [
      number(1, 'channel_id', 43),
      text(2, 'password', 'open barley'),
    ]),
    frame('server', 'refused', 3, 'refused', 3, [
      number(1, 'code', 15),
      text(2, 'message', 'The password of the channel is wrong.'),
    ]),
    frame('client', 'join with too many guesses', 4, 'join', 3, [
      number(1, 'channel_id', 43),
      text(2, 'password', 'open rye'),
    ]),
    frame('server', 'refused, with the time to wait', 4, 'refused', 3, [
      number(1, 'code', 16),
      text(2, 'message', 'Too many failed attempts at the password of the channel. Try again later.'),
      number(3, 'retry_after_ms', 59_000),
    ]),
    frame('client', 'mute and deafen', 5, 'set_self_state', 5, [
      boolean(1, 'muted', true),
      boolean(2, 'deafened', true),
    ]),
    frame('server', 'done', 5, 'done', 2, []),
    frame('client', 'a text to the lobby', 7, 'send_text', 20, [
      number(1, 'channel_id', 42),
      text(3, 'text', 'Grüß euch!\nSeid ihr da?'),
    ]),
    frame('server', 'done', 7, 'done', 2, []),
    frame('server', 'a text of somebody in the lobby', 0, 'text_message', 20, [
      number(1, 'session_id', 7),
      number(2, 'user_id', 4),
      text(3, 'username', 'bob'),
      number(4, 'channel_id', 42),
      text(5, 'text', 'Ja.'),
    ]),
    frame('client', 'a text to one user', 8, 'send_text', 20, [number(2, 'user_id', 4), text(3, 'text', 'Psst 🤫')]),
    frame('server', 'refused, the user not being connected', 8, 'refused', 3, [
      number(1, 'code', 7),
      text(2, 'message', 'There is no such user.'),
    ]),
    ...whispers(),
    ...listening(),
    ...moderation(),
    frame('client', 'ping', 0xffffffff, 'ping', 6, [fixed64(1, 'timestamp', '00000000000003e8')]),
    frame('server', 'pong', 0xffffffff, 'pong', 5, [fixed64(1, 'timestamp', '00000000000003e8')]),
    frame('client', 'ping with a report of voice', 0xffffffff, 'ping', 6, [
      fixed64(1, 'timestamp', '00000000000003e9'),
      message(2, 'voice', [
        long(1, 'pong_counter', 2 ** 32 + 5),
        number(2, 'pong_age_us', 2_500_000),
        long(3, 'packets_received', 1500),
        number(4, 'jitter_us', 4200),
        number(5, 'round_trip_us', 31_000),
      ]),
    ]),
    frame('server', 'pong that tells how voice goes', 0xffffffff, 'pong', 5, [
      fixed64(1, 'timestamp', '00000000000003e9'),
      message(2, 'voice', [
        long(1, 'sent_up', 3000),
        long(2, 'lost_up', 30),
        number(3, 'jitter_up_us', 3900),
        long(4, 'sent_down', 1520),
        long(5, 'lost_down', 20),
        number(6, 'round_trip_us', 30_500),
      ]),
    ]),
    frame('server', 'the lobby has a new key', 0, 'channel_key', 11, [
      number(1, 'target_id', 42),
      number(2, 'epoch', 300),
      bytes(3, 'key', SERVER_KEY),
    ]),
    frame('server', 'taken out of the lobby', 0, 'channel_left', 12, [
      number(1, 'channel_id', 42),
      text(2, 'reason', 'permission_lost'),
    ]),
    frame('client', 'leave the lobby', 6, 'leave', 4, [number(1, 'channel_id', 42)]),
    frame('server', 'refused, not being there', 6, 'refused', 3, [
      number(1, 'code', 24),
      text(2, 'message', 'You are not in this channel.'),
    ]),
    frame('server', 'a session has ended', 0, 'session_removed', 9, [
      number(1, 'session_id', 7),
      text(2, 'reason', 'disconnected'),
    ]),
    frame('server', 'a channel is gone', 0, 'channel_removed', 7, [number(1, 'id', 43)]),
    frame('server', 'the end', 0, 'disconnect', 14, [
      number(1, 'code', 25),
      text(2, 'message', 'You have logged in from somewhere else.'),
    ]),
  ];
}

function listening(): object[] {
  return [
    frame('client', 'listen to the lobby', 12, 'listen', 10, [number(1, 'channel_id', 42), text(2, 'password', 'rye')]),
    frame('server', 'done', 12, 'done', 2, []),
    frame('client', 'mute, and tell that I record', 13, 'set_self_state', 5, [
      boolean(1, 'muted', true),
      boolean(3, 'recording', true),
    ]),
    frame('server', 'refused, recording being forbidden', 13, 'refused', 3, [
      number(1, 'code', 6),
      text(2, 'message', 'This organization does not allow to record.'),
    ]),
    frame('server', 'somebody who is all that one can be', 0, 'session_state', 8, [
      number(1, 'session_id', 7),
      number(2, 'user_id', 4),
      text(3, 'username', 'bob'),
      numbers(4, 'channel_ids', [42, 43]),
      boolean(5, 'self_muted', true),
      boolean(6, 'self_deafened', true),
      boolean(7, 'muted', true),
      boolean(8, 'deafened', true),
      boolean(9, 'priority_speaker', true),
      boolean(10, 'recording', true),
      numbers(11, 'listening_channel_ids', [44, 300]),
    ]),
    frame('client', 'listen no longer', 14, 'unlisten', 11, [number(1, 'channel_id', 42)]),
    frame('server', 'done', 14, 'done', 2, []),
    frame('server', 'a channel before its siblings', 0, 'channel_state', 6, [
      number(1, 'id', 44),
      text(3, 'name', 'Desk'),
      number(6, 'max_users', 50),
      signed(8, 'position', -2),
    ]),
    frame('server', 'a channel behind its siblings', 0, 'channel_state', 6, [
      number(1, 'id', 45),
      text(3, 'name', 'Attic'),
      number(6, 'max_users', 50),
      signed(8, 'position', 300),
    ]),
  ];
}

function moderation(): object[] {
  const bob = number(1, 'session_id', 7);
  return [
    frame('client', 'mute somebody', 15, 'moderate', 12, [
      bob,
      chosen(2, 'muted', true),
      text(7, 'reason', 'Too loud.'),
    ]),
    frame('server', 'done', 15, 'done', 2, []),
    frame('client', 'let somebody speak again', 16, 'moderate', 12, [bob, chosen(2, 'muted', false)]),
    frame('server', 'done', 16, 'done', 2, []),
    frame('client', 'deafen somebody', 17, 'moderate', 12, [bob, chosen(3, 'deafened', true)]),
    frame('server', 'done', 17, 'done', 2, []),
    frame('client', 'make somebody a priority speaker', 18, 'moderate', 12, [bob, chosen(4, 'priority_speaker', true)]),
    frame('server', 'done', 18, 'done', 2, []),
    frame('client', 'move somebody', 19, 'moderate', 12, [
      bob,
      message(5, 'move', [number(1, 'from_channel_id', 42), number(2, 'to_channel_id', 43)]),
    ]),
    frame('server', 'done', 19, 'done', 2, []),
    frame('client', 'kick somebody', 20, 'moderate', 12, [
      bob,
      message(6, 'kick', []),
      text(7, 'reason', 'No shouting.'),
    ]),
    frame('server', 'done', 20, 'done', 2, []),
    frame('server', 'somebody was kicked', 0, 'session_removed', 9, [
      number(1, 'session_id', 7),
      text(2, 'reason', 'kicked'),
      text(3, 'message', 'No shouting.'),
    ]),
  ];
}

function whispers(): object[] {
  return [
    frame(
      'client',
      'a whisper to a user, a subtree, and the holders of a role wherever they are',
      9,
      'set_whisper_target',
      8,
      [
        numbers(2, 'user_ids', [4, 300]),
        messages(3, 'places', [[number(1, 'channel_id', 42), boolean(2, 'subtree', true)], [number(3, 'role_id', 5)]]),
      ],
    ),
    frame('server', 'the key of the whisper target', 0, 'whisper_key', 16, [
      number(1, 'target_id', WHISPER_TARGET),
      bytes(3, 'key', CHANNEL_KEY),
      number(4, 'session_id', SESSION_ID),
    ]),
    frame('server', 'the whisper target', 9, 'whisper_target_set', 15, [number(1, 'target_id', WHISPER_TARGET)]),
    frame('client', 'another audience for it', 10, 'set_whisper_target', 8, [
      number(1, 'target_id', WHISPER_TARGET),
      numbers(2, 'user_ids', [4]),
    ]),
    frame('server', 'refused, without WHISPER', 10, 'refused', 3, [
      number(1, 'code', 6),
      text(2, 'message', 'You lack WHISPER there.'),
    ]),
    frame('client', 'no more whispers to it', 11, 'remove_whisper_target', 9, [number(1, 'target_id', WHISPER_TARGET)]),
    frame('server', 'done', 11, 'done', 2, []),
    frame('server', 'somebody whispers', 0, 'whisper_key', 16, [
      number(1, 'target_id', WHISPER_TARGET + 1),
      number(2, 'epoch', 300),
      bytes(3, 'key', SERVER_KEY),
      number(4, 'session_id', 7),
    ]),
    frame('server', 'and whispers no longer', 0, 'whisper_ended', 17, [number(1, 'target_id', WHISPER_TARGET + 1)]),
  ];
}

function frame(
  from: 'client' | 'server',
  name: string,
  requestId: number,
  body: string,
  bodyNumber: number,
  fields: readonly Field[],
): object {
  const encoded = encode([number(1, 'request_id', requestId), message(bodyNumber, body, fields)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(encoded.length);
  return {
    name,
    from,
    request_id: requestId,
    [body]: plain(fields),
    frame: Buffer.concat([length, encoded]).toString('hex'),
  };
}
