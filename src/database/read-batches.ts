/** How many batches are read at once: a connection that hangs does not stop all of them. */
const MAX_RUNNING = 2;
/** How many questions one batch has at most. */
const MAX_BATCH_SIZE = 256;

interface Pending<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Reads the answers to questions of different callers together. While nobody else asks, a question is read at once; while
 * batches are being read, what is asked meanwhile waits for the next one. So every answer is of a read that began after its
 * question was asked, and the busier the server is, the less a question costs.
 */
export class ReadBatches<Question, Answer> {
  readonly #read: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  #waiting: Pending<Question, Answer>[] = [];
  #running = 0;

  /** `read` gives the answers in the order of the questions. Where it fails, all of its questions do. */
  constructor(read: (questions: readonly Question[]) => Promise<readonly Answer[]>) {
    this.#read = read;
  }

  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#running < MAX_RUNNING) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running += 1;
    while (this.#waiting.length > 0) await this.#readNext();
    this.#running -= 1;
  }

  async #readNext(): Promise<void> {
    const batch = this.#waiting.splice(0, MAX_BATCH_SIZE);
    try {
      const answers = await this.#read(batch.map(({ question }) => question));
      if (answers.length !== batch.length) throw new Error(`${answers.length} answers to ${batch.length} questions`);
      for (const [index, answer] of answers.entries()) batch[index]?.resolve(answer);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }
}
