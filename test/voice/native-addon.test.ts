import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildableBackends } from './buildable-backends.js';
import { requiredAddon } from './required-addon.js';

/** Where the addon cannot be built there is nothing to claim of it. */
if (buildableBackends().includes('native')) describeAddon();
else describe('the addon', () => it('is not for this machine', () => expect(buildableBackends()).toEqual(['dgram'])));

type AnyFunction = (...values: unknown[]) => unknown;

/** What a script may hand over by mistake: types, bounds, views of nothing. */
const arbitraryValue = fc.oneof(
  fc.constantFrom<unknown>(
    undefined,
    null,
    true,
    '',
    '127.0.0.1',
    '::1',
    'fe80::1%nowhere',
    'no address',
    'x'.repeat(500),
    Symbol.iterator,
    1n,
    {},
    [],
    () => {},
    new ArrayBuffer(8),
    new DataView(new ArrayBuffer(8)),
    new Float64Array(3),
    new Uint32Array(0),
    Uint32Array.of(0, 1, 4_294_967_295),
    new Uint8Array(0),
    new Uint8Array(100),
    new Uint8Array(100_000),
  ),
  fc.double(),
  fc.integer(),
  fc.constantFrom(-1, 0, 1, 100, 65_535, 65_536, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 53, 2 ** 63, Number.NaN),
);

function describeAddon(): void {
  const addon = requiredAddon();

  describe('the addon', () => {
    const functionsOf = (object: object): [string, AnyFunction][] =>
      Object.entries(object).filter((entry): entry is [string, AnyFunction] => typeof entry[1] === 'function');

    it('survives any values, and says with an exception what is wrong with them', async () => {
      const socket = addon.open('127.0.0.1', 0, 1, 1, () => {});
      const closed = addon.open('::1', 0, 1, 1, () => {});
      closed.close();
      const functions = [...functionsOf(addon), ...functionsOf(socket), ...functionsOf(closed)].filter(
        ([name]) => name !== 'close',
      );
      fc.assert(
        fc.property(fc.constantFrom(...functions), fc.array(arbitraryValue, { maxLength: 7 }), ([, call], values) => {
          try {
            const opened = call(...values);
            if (typeof opened === 'object' && opened !== null && 'close' in opened) closeAll(opened);
          } catch (error) {
            expect(error).toMatchObject({ name: expect.stringMatching(/^(Type|Range)?Error$/) });
          }
        }),
        { numRuns: 20_000 },
      );
      expect(socket.counters()).toHaveLength(5);
      socket.close();
      socket.close();
      await turn();
    });

    it('does not send beyond what it was given', () => {
      const socket = addon.open('127.0.0.1', 0, 1, 1, () => {});
      const packet = new Uint8Array(10);
      const slots = Uint32Array.of(0, 1);
      for (const [offset, length, count] of [
        [11, 0, 1],
        [0, 11, 1],
        [5, 6, 1],
        [-1, 1, 1],
        [0, 1, 3],
        [0.5, 1, 1],
        [0, 2 ** 53, 1],
      ]) {
        expect(() => socket.send(packet, offset ?? 0, length ?? 0, slots, count ?? 0, -1)).toThrow(/out of range/);
      }
      expect(() => socket.setEndpoint(2 ** 20, '127.0.0.1', 9)).toThrow(/out of range/);
      expect(() => socket.setEndpoint(0, '::1', 9)).toThrow(/family/);
      socket.send(packet, 10, 0, slots, 2, -1);
      socket.close();
    });

    it('takes only its own keys for keys', () => {
      const packet = new Uint8Array(44);
      for (const value of [{}, [], packet, Object.create(null)]) {
        expect(() => addon.verifyTag(value, packet, 44)).toThrow(/a key/);
        expect(() => addon.writeTag(value, packet)).toThrow(/a key/);
      }
    });

    it('ends with its thread, whatever that was doing, and lets the port go', async () => {
      const path = new URL('../../native/build/udp-batch.node', import.meta.url).pathname;
      const script = `
        const { parentPort } = require('node:worker_threads');
        const addon = require(${JSON.stringify(path)});
        const closed = addon.open('127.0.0.1', 0, 1, 1, () => {});
        closed.close();
        const socket = addon.open('127.0.0.1', 0, 1, 1, () => { while (true); });
        socket.sendTo(new Uint8Array(9), '127.0.0.1', socket.port);
        parentPort.postMessage(socket.port);`;
      for (let round = 0; round < 5; round += 1) {
        const worker = new Worker(script, { eval: true });
        const port = await new Promise<number>((resolve) => worker.once('message', resolve));
        await worker.terminate();
        addon.open('127.0.0.1', port, 1, 1, () => {}).close();
      }
    });
  });
}

function closeAll(opened: object): void {
  for (const value of Object.values(opened)) {
    if (typeof value === 'function' && value.name === 'close') value.call(opened);
  }
}
