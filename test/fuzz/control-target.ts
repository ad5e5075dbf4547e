import { fromBinary } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { AppError, ERROR_CODES } from '../../src/errors.js';
import type { LeaveReason } from '../../src/events/domain-event.js';
import {
  ClientMessageSchema,
  type ServerMessage,
  ServerMessageSchema,
} from '../../src/protocol/generated/control_pb.js';
import { type ConnectionHandler, ControlConnection } from '../../src/voice/control-connection.js';
import { encodeServerMessage, type ServerBody } from '../../src/voice/control-frames.js';
import { type AnswerKind, ControlModel } from './control-model.js';
import { requireEqual, requireThat } from './expectation.js';
import { inChunks } from './frames-target.js';
import type { FuzzRandom } from './fuzz-random.js';
import { fuzzTarget, withoutParts } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { messageOf, randomMessage } from './random-message.js';
import { ScriptedSocket } from './scripted-socket.js';

const FRAMES_PER_EPISODE = 300;
/** More than a whole second for each operation, so that the limit of messages per second is not what is tested. */
const TURN_MS = 1500;
const OPERATIONS_AFTER_END = 5;
const IDLE_TIMEOUT_MS = 2 ** 30;
const BODIES = ClientMessageSchema.oneofs.flatMap(({ fields }) => fields);
const OPENINGS = BODIES.filter(({ name }) => name === 'login' || name === 'resume');
const REQUESTS = BODIES.filter(({ name }) => name !== 'login' && name !== 'resume' && name !== 'logout');

/** Something that happens to a control connection. */
export type ControlOperation =
  | { readonly type: 'bytes'; readonly bytes: Uint8Array }
  | { readonly type: 'answer'; readonly how: AnswerKind }
  | { readonly type: 'send' | 'send_voice' | 'end_by_server' | 'end_by_client' | 'break' }
  | { readonly type: 'congest'; readonly unsentBytes: number };

export interface ControlCase {
  readonly resumeAnswer: AnswerKind;
  readonly operations: readonly ControlOperation[];
}

/** Sequences of bytes, answers and ends on one control connection, against a model that is written from the document. */
export const controlTarget = fuzzTarget<ControlCase>({
  name: 'control',
  unit: 'control frames',
  testEpisodes: 30,
  generate: (random) => ({ resumeAnswer: answerKind(random), operations: controlOperations(random) }),
  run: runControl,
  *smaller(fuzzCase) {
    for (const operations of withoutParts(fuzzCase.operations)) yield { ...fuzzCase, operations };
  },
});

function controlOperations(random: FuzzRandom): ControlOperation[] {
  const operations: ControlOperation[] = [];
  const oddity = random.pick([0, 0, 0.0005, 0.002, 0.1]);
  const frames = Array.from({ length: FRAMES_PER_EPISODE }, (_, index) =>
    frame(random, index === 0 ? OPENINGS : REQUESTS, oddity),
  );
  // Most logins are answered before the client goes on.
  if (random.chance(0.8)) {
    operations.push({ type: 'bytes', bytes: frames.shift() ?? new Uint8Array(0) }, { type: 'answer', how: 'ok' });
  }
  for (const bytes of inChunks(Buffer.concat(frames), random, [8, 100, 1500, 1500, 65_536])) {
    operations.push({ type: 'bytes', bytes });
    for (let left = random.below(40); left > 0; left--) operations.push({ type: 'answer', how: answerKind(random) });
    if (random.chance(0.1)) operations.push(event(random));
  }
  return operations;
}

function frame(random: FuzzRandom, bodies: typeof BODIES, oddity: number): Uint8Array {
  const body = random.pick(random.chance(oddity) ? BODIES : bodies);
  const requestId = random.chance(oddity) ? 0 : Math.max(1, random.edge());
  const message = random.chance(0.9) ? messageOf(ClientMessageSchema, body, requestId, random) : withRandomFields();
  const content = random.chance(oddity) ? mutate(message, random) : message;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(random.chance(oddity / 10) ? random.edge() : content.length);
  return Buffer.concat([length, content]);

  function withRandomFields(): Uint8Array {
    return random.chance(oddity)
      ? randomMessage(ClientMessageSchema, random)
      : messageOf(ClientMessageSchema, body, 1, random);
  }
}

function answerKind(random: FuzzRandom): AnswerKind {
  return random.chance(0.95) ? 'ok' : random.pick(['refusal', 'fault', random.chance(0.03) ? 'bug' : 'ok'] as const);
}

function event(random: FuzzRandom): ControlOperation {
  if (random.chance(0.6)) return { type: random.pick(['send', 'send_voice'] as const) };
  if (random.chance(0.9))
    return {
      type: 'congest',
      unsentBytes: random.pick([0, 0, 0, 65_536, 65_537, 1_048_576, random.chance(0.1) ? 1_048_577 : 0]),
    };
  return { type: random.pick(['end_by_server', 'end_by_client', 'break'] as const) };
}

/** Runs a case, and returns how many frames came. */
export async function runControl({ resumeAnswer, operations }: ControlCase): Promise<number> {
  const world = new ModelledConnection(resumeAnswer);
  try {
    let afterwards = 0;
    for (const operation of operations) {
      await world.perform(operation);
      if (world.hasEnded) afterwards++;
      if (afterwards > OPERATIONS_AFTER_END) break;
    }
    return world.frameCount;
  } finally {
    await world.close();
  }
}

/** A control connection and the model beside it: what happens to one happens to the other, and must come to the same. */
class ModelledConnection implements ConnectionHandler {
  readonly #socket = new ScriptedSocket();
  readonly #model: ControlModel;
  readonly #connection: ControlConnection;
  readonly #resumeAnswer: AnswerKind;
  readonly #asked: string[] = [];
  #ends = 0;
  #unread: Uint8Array[] = [];
  #settle: ((how: AnswerKind) => void) | null = null;
  #nowMs = 0;

  constructor(resumeAnswer: AnswerKind) {
    this.#resumeAnswer = resumeAnswer;
    this.#model = new ControlModel(resumeAnswer);
    const logger = pino({ level: 'silent' });
    const options = { id: 'fuzz', idleTimeoutMs: IDLE_TIMEOUT_MS, logger, nowMs: () => this.#nowMs };
    this.#connection = new ControlConnection(this.#socket, options, () => this);
  }

  /** How many frames were taken. */
  get frameCount(): number {
    return this.#model.frameCount;
  }

  get hasEnded(): boolean {
    return this.#model.hasEnded;
  }

  login(): Promise<(messageId: number) => Uint8Array> {
    this.#asked.push('login');
    return this.#answered((messageId: number) => encodeServerMessage(messageId, { case: 'welcome', value: {} }));
  }

  resume(_resume: unknown, messageId: number): Uint8Array {
    this.#asked.push('resume');
    refuse(this.#resumeAnswer);
    return encodeServerMessage(messageId, { case: 'welcome', value: {} });
  }

  request(body: { readonly case: string }): Promise<ServerBody> {
    this.#asked.push(body.case);
    const done: ServerBody = { case: 'done', value: {} };
    return this.#answered(done);
  }

  tunneled(packet: Uint8Array): void {
    this.#asked.push(`tunneled ${packet.length}`);
  }

  ended(reason: LeaveReason, isLost: boolean): void {
    this.#ends++;
    this.#asked.push(`ended ${reason} ${isLost}`);
  }

  async perform(operation: ControlOperation): Promise<void> {
    this.#nowMs += TURN_MS;
    this.#readOn();
    switch (operation.type) {
      case 'bytes':
        this.#unread.push(operation.bytes);
        this.#readOn();
        break;
      case 'answer':
        this.#model.answer(operation.how);
        this.#settle?.(operation.how);
        break;
      case 'send':
        this.#model.send();
        this.#connection.send(encodeServerMessage(0, { case: 'synchronized', value: {} }));
        break;
      case 'send_voice':
        this.#model.sendVoice();
        this.#connection.sendVoice(new Uint8Array(40));
        break;
      case 'end_by_server':
        this.#model.endByServer('KICKED', 'kicked');
        this.#connection.end('KICKED', 'You were removed from the server.', 'kicked');
        break;
      case 'end_by_client':
        this.#model.endByNetwork();
        this.#socket.emit('end');
        break;
      case 'break':
        this.#model.endByNetwork();
        this.#socket.emit('error', new Error('broken'));
        break;
      case 'congest':
        this.#model.unsentBytes = operation.unsentBytes;
        this.#socket.unsentBytes = operation.unsentBytes;
        if (operation.unsentBytes === 0) {
          this.#model.drain();
          this.#socket.emit('drain');
        }
    }
    await settled();
    this.#compare();
  }

  /** Frees what the connection holds, and sees that the end is told once. */
  async close(): Promise<void> {
    this.#socket.emit('close', false);
    this.#settle?.('ok');
    this.#socket.destroy();
    await new Promise(setImmediate);
    requireThat(this.#ends === 1, `the end is told ${this.#ends} times`);
  }

  /** As a socket does, holds back what comes while nobody reads. */
  #readOn(): void {
    if (!this.#socket.isReading || this.#unread.length === 0) return;
    const bytes = Buffer.concat(this.#unread);
    this.#unread = [];
    this.#model.receive(bytes);
    this.#socket.emit('data', bytes);
  }

  async #answered<Answer>(answer: Answer): Promise<Answer> {
    requireThat(this.#settle === null, 'two requests at once');
    const how = await new Promise<AnswerKind>((resolve) => {
      this.#settle = resolve;
    });
    this.#settle = null;
    refuse(how);
    return answer;
  }

  #compare(): void {
    const told = messagesIn(this.#socket.takeWritten()).map(shortText);
    requireEqual(this.#asked.splice(0), this.#model.asked.splice(0), 'what is asked of the server');
    requireEqual(told, this.#model.told.splice(0), 'what the client is told');
    requireThat(this.#connection.droppedVoice === this.#model.droppedVoice, 'the count of dropped voice');
    const isReadingRight = this.#model.hasEnded || this.#socket.isReading !== this.#model.isPaused;
    requireThat(isReadingRight, `reading is ${this.#socket.isReading}`);
  }
}

/** Lets run what waits for a promise that is settled: a few steps, each behind the one before. */
async function settled(): Promise<void> {
  for (let step = 0; step < 12; step++) await null;
}

function refuse(how: AnswerKind): void {
  if (how === 'refusal') throw new AppError('NOT_FOUND', 'There is no such thing.');
  if (how === 'fault') throw new AppError('UNAVAILABLE', 'Something is away.');
  if (how === 'bug') throw new Error('a bug');
}

function messagesIn(bytes: Buffer): ServerMessage[] {
  const messages: ServerMessage[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + bytes.readUInt32BE(offset);
    messages.push(fromBinary(ServerMessageSchema, bytes.subarray(offset + 4, end)));
    offset = end;
  }
  return messages;
}

function shortText({ requestId, body }: ServerMessage): string {
  if (body.case === 'synchronized') return 'event';
  const code = body.case === 'refused' || body.case === 'disconnect' ? ` ${codeName(body.value.code)}` : '';
  return `${requestId} ${body.case}${code}`;
}

function codeName(number: number): string {
  const [name] = Object.entries(ERROR_CODES).find(([, { voice }]) => voice === number) ?? [];
  return name ?? String(number);
}
