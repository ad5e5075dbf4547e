/** Questions that wait for their answers, by number. */
export class PendingAnswers<Answer> {
  readonly #waiting = new Map<number, (outcome: Answer | Error) => void>();

  /** Resolves with the answer to this question. Rejects where {@link failAll} comes before. */
  to(requestId: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(requestId, (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)));
    });
  }

  /** Answers a question; one that nobody has asked is ignored. */
  answer(requestId: number, answer: Answer): void {
    this.#waiting.get(requestId)?.(answer);
    this.#waiting.delete(requestId);
  }

  /** Answers all that wait with the same. */
  answerAll(answer: Answer): void {
    for (const requestId of [...this.#waiting.keys()]) this.answer(requestId, answer);
  }

  /** Rejects all that wait. */
  failAll(reason: Error): void {
    for (const settle of this.#waiting.values()) settle(reason);
    this.#waiting.clear();
  }
}
