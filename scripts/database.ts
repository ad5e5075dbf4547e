/**
 * `npm run db:create | db:up | db:check`, on a temporary embedded PostgreSQL, or on the one that `DATABASE_URL` names.
 *
 * - create [NAME]: writes the migration that leads from the last one to the present entities.
 * - up: applies the migrations that are missing.
 * - check: fails where migrations, their snapshot and the entities do not agree.
 */
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import type { DatabaseConnection } from '../src/database/database-connection.js';
import { ormOptions } from '../src/database/orm-options.js';
import { TemporaryPostgres } from './temporary-postgres.js';

const COMMANDS = { create, up, check };

const name = process.argv[2] ?? '';
if (!isCommand(name)) {
  process.stderr.write(`database: say one of ${Object.keys(COMMANDS).join(', ')}.\n`);
  process.exitCode = 2;
} else if (process.env.DATABASE_URL !== undefined) {
  await run(name, { kind: 'url', url: process.env.DATABASE_URL });
} else {
  const postgres = await TemporaryPostgres.start();
  try {
    await run(name, postgres.connection);
  } finally {
    await postgres.stop();
  }
}

function isCommand(text: string): text is keyof typeof COMMANDS {
  return text in COMMANDS;
}

async function run(command: keyof typeof COMMANDS, connection: DatabaseConnection): Promise<void> {
  const options: Options = ormOptions(connection, 2);
  const orm = await MikroORM.init({
    ...options,
    migrations: { ...options.migrations, path: 'migrations', snapshot: command !== 'up' },
  });
  try {
    await COMMANDS[command](orm, options);
  } finally {
    await orm.close(true);
  }
}

async function create(orm: MikroORM): Promise<void> {
  const { fileName } = await orm.migrator.create(undefined, false, false, process.argv[3]);
  say(fileName === '' ? 'The entities and the migrations agree: nothing to write.' : `Wrote migrations/${fileName}.`);
}

async function up(_orm: MikroORM, options: Options): Promise<void> {
  const applied = await migrated(options);
  say(applied.length === 0 ? 'Nothing to apply.' : `Applied ${applied.join(', ')}.`);
}

/** The snapshot can be wrong where the migrations are, so the database that they make is compared too. */
async function check(orm: MikroORM, options: Options): Promise<void> {
  if (await orm.migrator.checkSchema())
    fail('The entities have changed since the last migration: run "npm run db:create".');
  await migrated(options);
  const difference = await orm.schema.getUpdateSchemaSQL();
  if (difference.trim() !== '') fail(`The migrations do not lead to the entities. What is missing:\n${difference}`);
}

async function migrated(options: Options): Promise<string[]> {
  const orm = await MikroORM.init(options);
  try {
    return (await orm.migrator.up()).map((migration) => migration.name);
  } finally {
    await orm.close(true);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(line: string): void {
  process.stderr.write(`${line}\n`);
  process.exitCode = 1;
}
