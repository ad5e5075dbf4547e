import { readdir, readFile, readlink } from 'node:fs/promises';

/** A socket that others can reach, as `tcp 127.0.0.1:8080`. */
export type ListeningPort = string;

/** What a process, and all that it has started, listens on: every TCP port that takes connections, every UDP port. */
export async function listeningPortsOf(pid: number): Promise<readonly ListeningPort[]> {
  const inodes = new Set<string>();
  for (const member of await familyOf(pid)) {
    for (const name of await readdir(`/proc/${member}/fd`).catch(() => [])) {
      const link = await readlink(`/proc/${member}/fd/${name}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1];
      if (inode !== undefined) inodes.add(inode);
    }
  }
  const found: ListeningPort[] = [];
  for (const protocol of ['tcp', 'tcp6', 'udp', 'udp6'] as const) {
    const lines = (await readFile(`/proc/${pid}/net/${protocol}`, 'utf8').catch(() => '')).split('\n').slice(1);
    for (const line of lines) {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      const isOpen = protocol.startsWith('tcp') ? state === LISTEN : true;
      if (isOpen && inodes.has(inode)) found.push(`${protocol} ${addressOf(local)}`);
    }
  }
  return [...new Set(found)].sort();
}

/** TCP_LISTEN of linux/include/net/tcp_states.h. */
const LISTEN = '0A';

async function familyOf(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc')) {
    const status = await readFile(`/proc/${name}/status`, 'utf8').catch(() => '');
    const parent = /^PPid:\s+(\d+)/m.exec(status)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const family = [pid];
  for (const member of family) for (const [child, parent] of parents) if (parent === member) family.push(child);
  return family;
}

/** `0100007F:1F90`, whose bytes are in the order of the machine, as `127.0.0.1:8080`; an IPv6 address stays as it is. */
function addressOf(local: string): string {
  const [address = '', port = ''] = local.split(':');
  const bytes = address.length === 8 ? [...Buffer.from(address, 'hex')].reverse().join('.') : address;
  return `${bytes}:${Number.parseInt(port, 16)}`;
}
