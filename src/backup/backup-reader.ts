import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { messageOf, systemCodeOf } from '../thrown.js';
import { BackupError } from './backup-error.js';
import {
  type BackupHeader,
  type BackupPart,
  backupHeader,
  backupLine,
  FORMAT,
  FORMAT_VERSION,
} from './backup-format.js';

/** Longer than any row can be, in bytes. */
const MAX_LINE_BYTES = 32 * 1024 * 1024;

/**
 * The parts of a backup, read as they are consumed. Throws BackupError where the file is none, is of a newer format, is cut
 * short, or is not as it was written: what was yielded before that must not be trusted yet.
 */
export async function* readBackup(file: string): AsyncGenerator<BackupPart> {
  const hash = createHash('sha256');
  let header: BackupHeader | undefined;
  let hasEnded = false;
  let table: { readonly columns: readonly string[] } | undefined;
  for await (const line of linesOf(file)) {
    if (hasEnded) throw damaged(file, 'something follows its end');
    if (header === undefined) {
      header = readHeader(file, line);
      hash.update(line).update('\n');
      yield { kind: 'header', header };
      continue;
    }
    const parsed = readLine(file, line);
    if (!('end' in parsed)) hash.update(line).update('\n');
    if (Array.isArray(parsed)) {
      if (table?.columns.length !== parsed.length) throw damaged(file, 'a row does not fit its table');
      yield { kind: 'row', values: parsed };
    } else if ('table' in parsed) {
      table = parsed;
      yield { kind: 'table', name: parsed.table, columns: parsed.columns };
    } else if ('file' in parsed) yield { kind: 'file', name: parsed.file, text: parsed.text };
    else {
      if (parsed.sha256 !== hash.digest('hex')) throw damaged(file, 'its hash does not match what it holds');
      hasEnded = true;
    }
  }
  if (header === undefined) throw notOne(file);
  if (!hasEnded) throw cutShort(file);
}

function readHeader(file: string, line: Buffer): BackupHeader {
  const known = parsedOrUndefined(line);
  if (typeof known !== 'object' || known === null || !('format' in known) || known.format !== FORMAT)
    throw notOne(file);
  const version = 'formatVersion' in known ? Number(known.formatVersion) : 0;
  if (version > FORMAT_VERSION) {
    throw new BackupError('unusable', `${file} is of a newer format (${version}): restore it with a newer Parley.`);
  }
  const header = backupHeader.safeParse(known);
  if (header.success) return header.data;
  throw damaged(file, 'its header is not whole');
}

function readLine(file: string, line: Buffer) {
  const parsed = backupLine.safeParse(parsedOrUndefined(line));
  if (parsed.success) return parsed.data;
  throw damaged(file, 'a line of it is not as Parley writes it');
}

function parsedOrUndefined(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The lines without their ends. What follows the last line feed is no line. */
async function* linesOf(file: string): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  for await (const chunk of chunksOf(file)) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      yield Buffer.concat([...rest, chunk.subarray(start, end)]);
      rest = [];
      restBytes = 0;
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.subarray(start));
    restBytes += chunk.length - start;
    if (restBytes > MAX_LINE_BYTES) throw damaged(file, 'a line of it is too long');
  }
  if (restBytes > 0) throw cutShort(file);
}

async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  const source = createReadStream(file);
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === 'Z_BUF_ERROR') throw cutShort(file);
    if (code === 'Z_DATA_ERROR' && gunzip.bytesWritten === 0) throw notOne(file);
    if (typeof code === 'string' && code.startsWith('Z_')) throw damaged(file, messageOf(error));
    if (systemCodeOf(error) !== undefined) {
      throw new BackupError('unusable', `${file} cannot be read: ${messageOf(error)}.`);
    }
    throw error;
  } finally {
    source.destroy();
  }
}

function notOne(file: string): BackupError {
  return new BackupError('unusable', `${file} is no backup of Parley.`);
}

function cutShort(file: string): BackupError {
  return new BackupError('unusable', `${file} is cut short: its end is missing.`);
}

function damaged(file: string, how: string): BackupError {
  return new BackupError('unusable', `${file} is damaged: ${how}.`);
}
