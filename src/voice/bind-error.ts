import { AppError } from '../errors.js';

/** The fault of a port that cannot be bound, in one line. `code` is the system's (`EADDRINUSE`), `reason` what is told of any other. */
export function cannotBind(
  protocol: 'TCP' | 'UDP',
  { bindAddress, port }: { readonly bindAddress: string; readonly port: number },
  code: string,
  reason: string,
): AppError {
  return new AppError(
    'UNAVAILABLE',
    `${protocol} port ${port} at ${bindAddress} cannot be bound: ${explanation(code, reason)}.`,
    { params: { port, bindAddress, code } },
  );
}

function explanation(code: string, reason: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'it is in use';
    case 'EADDRNOTAVAIL':
      return 'the address is not one of this machine';
    case 'EACCES':
      return 'the system does not permit it';
    default:
      return reason;
  }
}
