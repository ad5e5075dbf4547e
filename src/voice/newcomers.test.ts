import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '../../test/support/eventually.js';
import { Newcomers, networkOf, type SendOff } from './newcomers.js';

const HOUR_MS = 3_600_000;

const leavers: (() => void)[] = [];
afterEach(() => {
  for (const leave of leavers.splice(0)) leave();
});

describe('the newcomers', () => {
  it('send the oldest off where too many come from one address', () => {
    const { newcomers, come, sentOff } = crowd({ maxTotal: 100, maxPerNetwork: 2 });
    come('a', '192.0.2.1');
    come('b', '192.0.2.2');
    come('c', '192.0.2.1');
    come('d', '192.0.2.1');
    expect(sentOff).toEqual(['a crowded']);
    expect(newcomers.size).toBe(3);
  });

  it('send the oldest off where too many come from everywhere', () => {
    const { newcomers, come, sentOff } = crowd({ maxTotal: 2, maxPerNetwork: 2 });
    come('a', '192.0.2.1');
    come('b', '192.0.2.2');
    come('c', '192.0.2.3');
    come('d', '192.0.2.4');
    expect(sentOff).toEqual(['a crowded', 'b crowded']);
    expect(newcomers.size).toBe(2);
  });

  it.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9', true],
    ['2001:db8:1:2::', '2001:0db8:0001:0002:ffff::1%eth0', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['::1', '::2', true],
    ['::ffff:192.0.2.1', '192.0.2.1', true],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2', false],
  ])('count %s and %s as one address: %p', (left, right, isOne) => {
    const { come, sentOff } = crowd({ maxTotal: 100, maxPerNetwork: 1 });
    come('a', left);
    come('b', right);
    expect(sentOff).toEqual(isOne ? ['a crowded'] : []);
  });

  it('make room again when one has logged in or is gone', () => {
    const { newcomers, come, leave, sentOff } = crowd({ maxTotal: 2, maxPerNetwork: 1 });
    for (const name of ['a', 'b', 'c']) {
      come(name, '192.0.2.1');
      leave(name);
      leave(name);
    }
    expect(sentOff).toEqual([]);
    expect(newcomers.size).toBe(0);
  });

  it('are sent off when they take too long', async () => {
    const { newcomers, come, sentOff } = crowd({ maxTotal: 2, maxPerNetwork: 2, timeoutMs: 1 });
    come('a', '192.0.2.1');
    await eventually(() => sentOff.length === 1);
    expect(sentOff).toEqual(['a late']);
    expect(newcomers.size).toBe(0);
  });
});

function crowd(limits: { maxTotal: number; maxPerNetwork: number; timeoutMs?: number }) {
  const newcomers = new Newcomers(limits);
  const connections = new Map<string, object>();
  const sentOff: string[] = [];
  const come = (name: string, address: string) => {
    const connection = {};
    connections.set(name, connection);
    leavers.push(() => newcomers.remove(connection));
    newcomers.add(connection, networkOf(address), limits.timeoutMs ?? HOUR_MS, (why: SendOff) =>
      sentOff.push(`${name} ${why}`),
    );
  };
  const leave = (name: string) => newcomers.remove(connections.get(name) ?? {});
  return { newcomers, come, leave, sentOff };
}
