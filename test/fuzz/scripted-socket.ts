import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';

const secureContext = createSecureContext();

/** A TLS socket whose other end is the test: what comes is what the test emits, and what is written is kept. */
export class ScriptedSocket extends TLSSocket {
  /** How many bytes wait to be sent, as far as anybody can tell. */
  unsentBytes = 0;
  isReading = true;
  hasEnded = false;
  #written: Uint8Array[] = [];

  constructor() {
    super(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), { secureContext });
    Object.defineProperty(this, 'writableLength', { get: () => this.unsentBytes });
    Object.defineProperty(this, 'writableNeedDrain', { get: () => this.unsentBytes > 0 });
  }

  /** What was written since this was asked last. */
  takeWritten(): Buffer {
    const written = Buffer.concat(this.#written);
    this.#written = [];
    return written;
  }

  override write(chunk: unknown): boolean {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('something other than bytes was written');
    if (this.hasEnded) throw new Error('written after the end');
    this.#written.push(Uint8Array.from(chunk));
    return true;
  }

  override end(): this {
    this.hasEnded = true;
    return this;
  }

  override pause(): this {
    this.isReading = false;
    return this;
  }

  override resume(): this {
    this.isReading = true;
    return this;
  }

  override cork(): void {}

  override uncork(): void {}
}
