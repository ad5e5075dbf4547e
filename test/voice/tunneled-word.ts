import { createSecretKey } from 'node:crypto';
import { sealVoice } from '../../src/client/voice-packet.js';
import type { ChannelId } from '../../src/ids.js';
import type { ServerMessage } from '../../src/protocol/generated/control_pb.js';
import type { RawControl } from './raw-control.js';

/** Says one word into a channel whose key has come, through the tunnel: from then on the server answers there. */
export function sayThroughTunnel(raw: RawControl, welcome: ServerMessage['body'], targetId: ChannelId): void {
  const key = raw.received.map(({ body }) => body).find((body) => body.case === 'channelKey');
  if (key === undefined || welcome.case !== 'welcome' || welcome.value.voice === undefined) {
    throw new Error('there is no key');
  }
  const voice = { sessionId: welcome.value.sessionId, counter: 1, targetId, epoch: key.value.epoch };
  const packet = sealVoice(
    { ...voice, frameNumber: 1, opus: Uint8Array.of(1), endOfTalk: false },
    createSecretKey(key.value.key),
    createSecretKey(welcome.value.voice.clientKey),
  );
  raw.send({ case: 'tunneledVoice', value: { packet } }, 0);
}
