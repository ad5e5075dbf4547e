import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Migration } from '@mikro-orm/migrations';
import type { MikroORM, Transaction } from '@mikro-orm/postgresql';
import { compiledMigrations } from './orm-options.js';

/** Where a database stands on the way of migrations. Names, the oldest first. */
export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied by a version that knows more than this one. */
  readonly unknown: readonly string[];
}

/** A migration that has not run yet. */
export interface PendingMigration {
  readonly name: string;
  /** Its statements, in their order. */
  readonly statements: readonly string[];
}

export async function migrationState(orm: MikroORM): Promise<MigrationState> {
  const applied = (await orm.migrator.getExecuted()).map(({ name }) => name);
  const pending = (await orm.migrator.getPending()).map(({ name }) => name);
  const known = await knownMigrations();
  return { applied, pending, unknown: applied.filter((name) => !known.includes(name)) };
}

/** The migrations of this version, the oldest first. */
export async function knownMigrations(): Promise<readonly string[]> {
  const files = await readdir(compiledMigrations());
  return files.flatMap((file) => /^(Migration\w+)\.js$/.exec(file)?.[1] ?? []).sort();
}

/** Each migration is asked what it would do. What one has to look at for that, it sees in a transaction that is rolled back. */
export async function pendingSql(orm: MikroORM): Promise<readonly PendingMigration[]> {
  const { pending } = await migrationState(orm);
  const em = orm.em.fork();
  await em.begin();
  try {
    return await statementsOf(pending, orm, em.getTransactionContext());
  } finally {
    await em.rollback();
  }
}

async function statementsOf(
  names: readonly string[],
  orm: MikroORM,
  transaction: Transaction | undefined,
): Promise<readonly PendingMigration[]> {
  const found: PendingMigration[] = [];
  for (const name of names) {
    const file: object = await import(pathToFileURL(fileOf(name)).href);
    const Made = Object.values(file).find(isMigration);
    if (Made === undefined) throw new Error(`${name} holds no migration`);
    const migration = new Made(orm.em.getDriver(), orm.config);
    if (transaction !== undefined) migration.setTransactionContext(transaction);
    await migration.up();
    found.push({ name, statements: migration.getQueries().map((query) => query.toString()) });
  }
  return found;
}

function fileOf(name: string): string {
  return join(compiledMigrations(), `${name}.js`);
}

type MigrationClass = new (...args: ConstructorParameters<typeof Migration>) => Migration;

function isMigration(value: unknown): value is MigrationClass {
  return typeof value === 'function' && value.prototype instanceof Migration;
}
