/** A thread that logs many users in at the same moment, so that those who talk in the bench wait for the server alone. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { BenchApi } from './bench-api.js';

export interface LoginBurst {
  readonly httpUrl: string;
  readonly organizationTag: string;
  /** Each logs in as often as the list names it. */
  readonly usernames: readonly string[];
  readonly password: string;
}

/** Runs the burst in a thread of its own. Returns how many logins failed, once all are answered. */
export function burstOfLogins(burst: LoginBurst): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: burst });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

async function logIn({ httpUrl, organizationTag, usernames, password }: LoginBurst): Promise<number> {
  const api = new BenchApi(httpUrl);
  const logins = usernames.map((username) => api.login(organizationTag, username, password));
  const answered = await Promise.allSettled(logins);
  api.close();
  return answered.filter(({ status }) => status === 'rejected').length;
}

if (!isMainThread) parentPort?.postMessage(await logIn(workerData));
