/** A host and a port. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_CONTROL_PORT = 9000;

/** Reads `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`; the port is 9000 where none is given. Returns undefined for what is neither. */
export function parseServerAddress(text: string): ServerAddress | undefined {
  const bracketed = /^\[([0-9a-fA-F:.]+(?:%\w+)?)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([^\s:[\]/]+)(?::(\d{1,5}))?$/.exec(text);
  const [, host, digits] = bracketed ?? plain ?? [];
  if (host === undefined) return undefined;
  const port = digits === undefined ? DEFAULT_CONTROL_PORT : Number(digits);
  return port >= 1 && port <= 65535 ? { host, port } : undefined;
}

/** The address as a person writes it. */
export function formatServerAddress({ host, port }: ServerAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
