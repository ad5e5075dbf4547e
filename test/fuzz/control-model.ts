/** A control connection as docs/NETWORK_PROTOCOL.md describes it: what is answered, and when and why it ends. */
import { fromBinary } from '@bufbuild/protobuf';
import { type ClientMessage, ClientMessageSchema } from '../../src/protocol/generated/control_pb.js';

const MAX_LOGIN_FRAME_BYTES = 4096;
const MAX_FRAME_BYTES = 65_536;
const MAX_WAITING = 16;
const MAX_UNSENT_BYTES = 1_048_576;
/** Packets of 40 bytes in 64 KiB. */
const MAX_WAITING_VOICE = 1638;

/** How a request is answered. */
export type AnswerKind = 'ok' | 'refusal' | 'fault' | 'bug';

/** What happens, as short texts that can be compared. */
export class ControlModel {
  /** What the client gets. */
  readonly told: string[] = [];
  /** What the server's side is asked to do. */
  readonly asked: string[] = [];
  /** True while nothing is read, because enough requests wait. */
  isPaused = false;
  unsentBytes = 0;
  droppedVoice = 0;
  /** How many frames were taken, the one that ended the connection too. */
  frameCount = 0;
  /** How a resume is answered, which takes no time. */
  readonly #resumeAnswer: AnswerKind;
  #state: 'expects_login' | 'logging_in' | 'open' | 'ended' = 'expects_login';
  #bytes = Buffer.alloc(0);
  #waitingVoice = 0;
  #waiting: ClientMessage[] = [];
  #working: ClientMessage | null = null;

  constructor(resumeAnswer: AnswerKind) {
    this.#resumeAnswer = resumeAnswer;
  }

  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  receive(bytes: Uint8Array): void {
    if (this.hasEnded) return;
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    this.#advance();
    this.#finishResume();
  }

  /** The request that is being worked on is answered. */
  answer(how: AnswerKind): void {
    const message = this.#working;
    if (message === null) return;
    this.#tellAnswer(message, how);
    this.#workOn();
    this.#finishResume();
  }

  send(): void {
    this.#send('event');
  }

  sendVoice(): void {
    if (this.#state !== 'open') return;
    if (this.#waitingVoice === 0 && this.unsentBytes === 0) this.told.push('0 tunneledVoice');
    else if (this.#waitingVoice === MAX_WAITING_VOICE) this.droppedVoice++;
    else this.#waitingVoice++;
  }

  /** All that was written has been sent. */
  drain(): void {
    for (; this.#waitingVoice > 0; this.#waitingVoice--) this.told.push('0 tunneledVoice');
  }

  endByServer(code: string, reason: string): void {
    this.#dismiss(code, reason);
  }

  /** The client's side of the connection is over, or all of it. */
  endByNetwork(): void {
    this.#end('disconnected', true);
  }

  #advance(): void {
    while (!this.hasEnded && this.#waiting.length < MAX_WAITING) {
      const frame = this.#nextFrame();
      if (frame === undefined) break;
      this.frameCount++;
      if (typeof frame === 'string') this.#dismiss(frame, 'disconnected');
      else this.#take(frame);
    }
    this.isPaused = !this.hasEnded && this.#waiting.length >= MAX_WAITING;
  }

  /** The next frame, the code that its length is refused with, or undefined while it is not whole. */
  #nextFrame(): Buffer | string | undefined {
    if (this.#bytes.length < 4) return undefined;
    const length = this.#bytes.readUInt32BE(0);
    if (length === 0) return 'MALFORMED';
    if (length > (this.#state === 'open' ? MAX_FRAME_BYTES : MAX_LOGIN_FRAME_BYTES)) return 'TOO_LARGE';
    if (this.#bytes.length < 4 + length) return undefined;
    const frame = this.#bytes.subarray(4, 4 + length);
    this.#bytes = this.#bytes.subarray(4 + length);
    return frame;
  }

  #take(frame: Buffer): void {
    let message: ClientMessage;
    try {
      message = fromBinary(ClientMessageSchema, frame);
    } catch {
      this.#dismiss('MALFORMED', 'disconnected');
      return;
    }
    const { body, requestId } = message;
    const isOpening = body.case === 'login' || body.case === 'resume';
    const isAllowed =
      this.#state === 'expects_login'
        ? isOpening
        : !isOpening && (this.#state === 'open' || (body.case !== 'tunneledVoice' && body.case !== 'logout'));
    if (body.case === undefined || !isAllowed) this.#dismissFor(requestId, body.case);
    else if (body.case === 'tunneledVoice') this.asked.push(`tunneled ${body.value.packet.length}`);
    else if (requestId === 0) this.#dismiss('MALFORMED', 'disconnected');
    else if (body.case === 'logout') this.#logOut(requestId);
    else {
      if (isOpening) this.#state = 'logging_in';
      this.#waiting.push(message);
      if (this.#working === null) this.#work();
    }
  }

  /** A logout before there is a session is wrong in two ways where its number is 0 too. */
  #dismissFor(requestId: number, body: string | undefined): void {
    const isMalformed = body === 'logout' && requestId === 0 && this.#state === 'logging_in';
    this.#dismiss(isMalformed ? 'MALFORMED' : 'UNEXPECTED_MESSAGE', 'disconnected');
  }

  #logOut(requestId: number): void {
    this.told.push(`${requestId} done`);
    this.#end('disconnected', false);
  }

  #work(): void {
    this.#working = this.#waiting.shift() ?? null;
    if (this.#working === null) return;
    this.asked.push(String(this.#working.body.case));
    // A resume is judged at once.
    if (this.#working.body.case === 'resume') this.#tellAnswer(this.#working, this.#resumeAnswer);
  }

  #finishResume(): void {
    if (this.#working?.body.case === 'resume') this.#workOn();
  }

  #workOn(): void {
    this.#advance();
    if (this.hasEnded) this.#working = null;
    else this.#work();
  }

  #tellAnswer({ requestId, body }: ClientMessage, how: AnswerKind): void {
    if (this.hasEnded) return;
    switch (how) {
      case 'ok':
        if (this.#state === 'logging_in') this.#state = 'open';
        this.#send(`${requestId} ${ANSWERS[body.case ?? ''] ?? 'done'}`);
        break;
      case 'refusal':
      case 'fault':
        this.#send(`${requestId} refused ${how === 'refusal' ? 'NOT_FOUND' : 'UNAVAILABLE'}`);
        if (this.#state === 'logging_in') this.#end('disconnected', false);
        break;
      case 'bug':
        this.#dismiss('INTERNAL', 'disconnected');
    }
  }

  #send(what: string): void {
    if (this.hasEnded) return;
    if (this.unsentBytes > MAX_UNSENT_BYTES) this.#end('timed_out', true);
    else this.told.push(what);
  }

  #dismiss(code: string, reason: string): void {
    if (this.hasEnded) return;
    this.told.push(`0 disconnect ${code}`);
    this.#end(reason, false);
  }

  #end(reason: string, isLost: boolean): void {
    if (this.hasEnded) return;
    this.#state = 'ended';
    this.#waiting = [];
    this.droppedVoice += this.#waitingVoice;
    this.#waitingVoice = 0;
    this.isPaused = false;
    this.asked.push(`ended ${reason} ${isLost}`);
  }
}

/** What answers a request that has more than Done. */
const ANSWERS: Readonly<Record<string, string>> = { login: 'welcome', resume: 'welcome' };
