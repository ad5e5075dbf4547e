import type { SessionId } from '../ids.js';
import type { RequestContext } from '../request-context.js';
import type { SessionService } from './session.service.js';
import type { VoiceQuality, VoiceQualitySource } from './voice-quality.js';

/** Shows how voice goes, to everybody who sees the session. */
export class VoiceQualityService {
  readonly #sessions: SessionService;
  readonly #source: VoiceQualitySource;

  constructor(sessions: SessionService, source: VoiceQualitySource) {
    this.#sessions = sessions;
    this.#source = source;
  }

  /** Of those of these sessions that have not ended and of which something is known. Throws NOT_FOUND for one of another organization. */
  ofMany(ctx: RequestContext, sessionIds: readonly SessionId[]): Promise<ReadonlyMap<SessionId, VoiceQuality>> {
    const open = sessionIds.filter((id) => this.#sessions.isOpen(id));
    for (const id of open) this.#sessions.get(ctx, id);
    return this.#source.qualitiesOf(open);
  }
}
