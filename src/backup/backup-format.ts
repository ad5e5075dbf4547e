/**
 * The file of a backup: gzip over lines of JSON, each ended by a line feed.
 *
 * 1. the header, an object: {@link backupHeader};
 * 2. `{"file": NAME, "text": TEXT}` for each secret of the data folder (in a backup of everything);
 * 3. for each table `{"table": NAME, "columns": [...]}`, and then its rows, each an array of the values in that order, as
 *    PostgreSQL writes them as text, or null;
 * 4. `{"end": true, "sha256": HEX}`, the SHA-256 of all bytes before this line. Nothing follows.
 */
import { z } from 'zod';

export const FORMAT = 'parley-backup';
/** Counted up when a reader of the former version would misunderstand the file. */
export const FORMAT_VERSION = 1;

export const backupHeader = z.object({
  format: z.literal(FORMAT),
  formatVersion: z.number().int(),
  /** The version of the Parley that wrote it. */
  parleyVersion: z.string(),
  createdAt: z.string(),
  /** Null for a backup of everything. */
  organization: z.object({ tag: z.string(), name: z.string() }).nullable(),
  /** The names of the migrations that have made its tables, the oldest first. */
  migrations: z.array(z.string()).min(1),
  /** How many rows each table has. */
  counts: z.record(z.string(), z.number().int().nonnegative()),
  /** Where the numbers of each sequence go on, so that none is given twice. Empty for one organization. */
  sequences: z.record(z.string(), z.number().int()),
});

/** What a backup says about itself in its first line. */
export type BackupHeader = z.infer<typeof backupHeader>;

const values = z.array(z.string().nullable());
export const backupLine = z.union([
  values,
  z.strictObject({ table: z.string(), columns: z.array(z.string()).min(1) }),
  z.strictObject({ file: z.string(), text: z.string() }),
  z.strictObject({ end: z.literal(true), sha256: z.string() }),
]);

/** The values of one row, as PostgreSQL writes them as text. */
export type RowValues = z.infer<typeof values>;

/** What a backup consists of, in order. */
export type BackupPart =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'file'; readonly name: string; readonly text: string }
  | { readonly kind: 'table'; readonly name: string; readonly columns: readonly string[] }
  | { readonly kind: 'row'; readonly values: RowValues };
