/** Why a backup cannot be made, read or restored, in one line. Nothing has been changed then. */
export class BackupError extends Error {
  /** The file cannot be used, or what is asked for is refused. */
  readonly kind: 'unusable' | 'refused';

  constructor(kind: 'unusable' | 'refused', message: string) {
    super(message);
    this.name = 'BackupError';
    this.kind = kind;
  }
}
