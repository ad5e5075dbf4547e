const ANSWER_BYTES = 24;

/** What whoever asks by UDP is told. */
export interface ServerState {
  /** As in the message Version: major in 16 bits, minor and patch in 8 bits each. */
  readonly version: number;
  readonly users: number;
  readonly maxUsers: number;
  /** In bits per second. */
  readonly maxBitrate: number;
}

/** The answer to a question of 12 bytes for the server's state: with the last 8 of them, by which whoever asks knows it again. */
export function stateAnswer(question: Uint8Array, { version, users, maxUsers, maxBitrate }: ServerState): Uint8Array {
  const answer = Buffer.alloc(ANSWER_BYTES);
  answer.writeUInt32BE(version, 0);
  answer.set(question.subarray(4), 4);
  answer.writeUInt32BE(users, 12);
  answer.writeUInt32BE(maxUsers, 16);
  answer.writeUInt32BE(maxBitrate, 20);
  return Uint8Array.from(answer);
}
