/** The network of an address, which must be one, in CIDR form: the bits behind the prefix are cleared. */
export function maskedNetwork(address: string, family: 4 | 6, prefix: number): string {
  if (family === 4) {
    const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
    const size = 2 ** (32 - prefix);
    const first = Math.floor(value / size) * size;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join('.')}/${prefix}`;
  }
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = groups.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0');
  const masked = [...left, ...middle, ...right].map((group, index) => {
    const kept = Math.min(16, Math.max(0, prefix - 16 * index));
    return (Number.parseInt(group, 16) & (0xffff << (16 - kept)) & 0xffff).toString(16);
  });
  return `${new URL(`http://[${masked.join(':')}]`).hostname.slice(1, -1)}/${prefix}`;
}
