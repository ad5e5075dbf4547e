import type { VoiceClient } from '../../src/client/voice-client.js';

/** How often a packet is sent, in milliseconds; each is a frame number further. */
export const FRAME_MS = 10;

/** Somebody who talks on and on in a channel, a packet every 10 ms, and what others have heard of it. */
export class SteadyTalk {
  readonly #timer: NodeJS.Timeout;
  #frame = 0;

  constructor(talker: VoiceClient, channelId: number) {
    this.#timer = setInterval(() => {
      this.#frame += 1;
      talker.sendVoice(channelId, this.#frame, Buffer.from(`frame ${this.#frame}`), false);
    }, FRAME_MS);
  }

  /** The number of the last frame that was sent. */
  get lastFrame(): number {
    return this.#frame;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The frame numbers that a client hears of one session, in the order of hearing. */
export function framesHeard(listener: VoiceClient, talker: VoiceClient): readonly number[] {
  const frames: number[] = [];
  listener.on('voice', ({ sessionId, frameNumber, opus }) => {
    if (sessionId !== talker.identity.sessionId) return;
    if (Buffer.from(opus).toString() !== `frame ${frameNumber}`) throw new Error('what was heard is not what was said');
    frames.push(frameNumber);
  });
  return frames;
}

/** The frame numbers between the first and the last heard that were not heard. */
export function gapsIn(frames: readonly number[]): readonly number[] {
  const heard = new Set(frames);
  const [first = 0, last = -1] = [Math.min(...frames), Math.max(...frames)];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index).filter(
    (frame) => !heard.has(frame),
  );
}
