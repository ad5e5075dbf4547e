import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

/** A log that never takes more than twice `maxBytes`: when the file is full it becomes `<path>.1`, and a new one begins. */
export class BoundedLogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #descriptor: number;
  #bytes: number;

  /** Appends to what is there. Throws the system's error where the file cannot be written. */
  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#descriptor = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#descriptor).size;
  }

  /** Throws the system's error, a full disk say. */
  write(chunk: Uint8Array): void {
    if (this.#bytes > 0 && this.#bytes + chunk.length > this.#maxBytes) this.#startNewFile();
    const kept = chunk.subarray(0, this.#maxBytes);
    writeSync(this.#descriptor, kept);
    this.#bytes += kept.length;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #startNewFile(): void {
    closeSync(this.#descriptor);
    renameSync(this.#path, `${this.#path}.1`);
    this.#descriptor = openSync(this.#path, 'a', 0o600);
    this.#bytes = 0;
  }
}
