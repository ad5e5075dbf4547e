import { BackupError } from '../backup/backup-error.js';
import { AppError } from '../errors.js';

/** How an operator's command ends. The numbers are those of the client's commands. */
export const AdminExit = {
  done: 0,
  /** It was refused, or could not be done. */
  refused: 1,
  /** The command line, the configuration or a file cannot be used. */
  usage: 2,
  /** The server or the database does not answer. */
  notConnected: 3,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;
export type AdminExit = (typeof AdminExit)[keyof typeof AdminExit];

/** A reason to end an operator's command, in one line. */
export class AdminError extends Error {
  readonly exitCode: AdminExit;

  constructor(exitCode: AdminExit, message: string) {
    super(message);
    this.name = 'AdminError';
    this.exitCode = exitCode;
  }
}

/** The error that an operator's command is expected to end with, or undefined for any other. */
export function toAdminError(error: unknown): AdminError | undefined {
  if (error instanceof AdminError) return error;
  if (error instanceof BackupError) {
    return new AdminError(error.kind === 'unusable' ? AdminExit.usage : AdminExit.refused, error.message);
  }
  if (!(error instanceof AppError)) return undefined;
  return new AdminError(error.kind === 'fault' ? AdminExit.notConnected : AdminExit.refused, error.message);
}
