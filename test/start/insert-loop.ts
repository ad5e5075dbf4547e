/**
 * A stand-in for the server that does nothing but write: starts the embedded PostgreSQL in the folder of its first argument
 * and inserts 1, 2, 3, … It tells each number once its insert is acknowledged, `ready` before that, and `lost` when
 * PostgreSQL has ended by itself. SIGTERM ends it in order. Ends with 1, and says why, where PostgreSQL does not start.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { pino } from 'pino';
import { EmbeddedPostgres } from '../../src/database/embedded-postgres.js';

const RETRY_PAUSE_MS = 20;

let isStopping = false;
process.once('SIGTERM', () => {
  isStopping = true;
});

try {
  const postgres = await EmbeddedPostgres.start({ folder: process.argv[2] ?? '', logger: pino({ level: 'silent' }) });
  postgres.onLost(() => say('lost'));
  const pool = new Pool({ ...postgres.connection, max: 2 });
  pool.on('error', () => undefined);
  await pool.query('create table if not exists numbers (number integer)');
  say('ready');
  for (let number = 1; !isStopping; number += 1) await insert(pool, number);
  await pool.end();
  await postgres.stop();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

/** A pool gives up a connection that broke, and makes another for the next attempt. */
async function insert(pool: Pool, number: number): Promise<void> {
  while (!isStopping) {
    try {
      await pool.query('insert into numbers values ($1)', [number]);
      say(String(number));
      return;
    } catch {
      await sleep(RETRY_PAUSE_MS);
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
