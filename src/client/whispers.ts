import type { ClientBody, ServerBody } from './control-stream.js';
import { VoiceClientError } from './voice-client-error.js';

/** To whom a session whispers. */
export interface WhisperAudience {
  /** Wherever they are. */
  readonly userIds?: readonly number[];
  /** Whoever is there. */
  readonly places?: readonly WhisperPlace[];
}

/** Where receivers are, and who of those who are there. */
export interface WhisperPlace {
  /** Left out, all channels of the organization. */
  readonly channelId?: number;
  /** With all channels below it. */
  readonly subtree?: boolean;
  /** Only who holds this role; left out, everybody. */
  readonly roleId?: number;
}

/** What whispers need of the session that they belong to. */
export interface WhisperPorts {
  request(body: ClientBody): Promise<ServerBody>;
  /** Drops the keys of a target. */
  forget(target: number): void;
}

/** The whisper targets of a session: its own, and those by which others whisper to it. */
export class Whispers {
  readonly #ports: WhisperPorts;
  readonly #speakers = new Map<number, number>();

  constructor(ports: WhisperPorts) {
    this.#ports = ports;
  }

  /** Who whispers by each target that this session has the key of: session ids by target. */
  get speakers(): ReadonlyMap<number, number> {
    return this.#speakers;
  }

  /**
   * Says to whom to whisper, and returns the target to speak to. With the `target` of before, that one gets another
   * audience. The server refuses what is not there, and whispers where WHISPER is lacking.
   */
  async set({ userIds = [], places = [] }: WhisperAudience, target = 0): Promise<number> {
    const value = {
      targetId: target,
      userIds: [...userIds],
      places: places.map(({ channelId = 0, subtree = false, roleId = 0 }) => ({ channelId, subtree, roleId })),
    };
    const answer = await this.#ports.request({ case: 'setWhisperTarget', value });
    if (answer.case === 'whisperTargetSet') return answer.value.targetId;
    throw new VoiceClientError('MALFORMED', 'The server does not speak the protocol: no whisper target was answered.');
  }

  /** Whispers to the target no longer. */
  async remove(target: number): Promise<void> {
    await this.#ports.request({ case: 'removeWhisperTarget', value: { targetId: target } });
    this.ended(target);
  }

  /** The server has given the key of a target. */
  began(target: number, speakerId: number): void {
    this.#speakers.set(target, speakerId);
  }

  /** The server says that this session does not hear the target any more. */
  ended(target: number): void {
    this.#speakers.delete(target);
    this.#ports.forget(target);
  }
}
