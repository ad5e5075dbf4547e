/** Voice packets that wait for a slow reader, up to so many bytes: of live voice the latest is worth the most, so the oldest gives way. */
export class VoiceQueue {
  readonly #maxBytes: number;
  #packets: Uint8Array[] = [];
  #bytes = 0;

  /** `maxBytes` is at least what the longest packet has. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#packets.length === 0;
  }

  /** Takes a packet, and returns how many older ones had to go for it. */
  push(packet: Uint8Array): number {
    this.#packets.push(packet);
    this.#bytes += packet.length;
    let given = 0;
    for (; this.#bytes > this.#maxBytes; given += 1) this.#bytes -= this.#packets[given]?.length ?? 0;
    if (given > 0) this.#packets.splice(0, given);
    return given;
  }

  /** Gives away all that waits, the oldest first. */
  takeAll(): readonly Uint8Array[] {
    const packets = this.#packets;
    this.#packets = [];
    this.#bytes = 0;
    return packets;
  }
}
