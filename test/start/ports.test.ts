import { expect, it, jest } from '@jest/globals';
import { DemoServer } from '../../scripts/demo-server.js';
import { listeningPortsOf } from './listening-ports.js';

// Processes are started, which takes long on a machine that does much else.
jest.setTimeout(180_000);

it.each([
  ['with one worker', {}, 1, true],
  ['with two workers and without Mumble', { PARLEY_VOICE_WORKERS: '2', PARLEY_MUMBLE_ENABLED: 'false' }, 2, false],
])(
  'a server %s listens where its configuration says, with its database, and nowhere else',
  async (_name, environment, workers, mumble) => {
    const server = await DemoServer.start({ environment });
    try {
      const tcp = [server.controlPort, new URL(server.httpUrl).port, new URL(server.metricsUrl).port];
      const udp = Array.from({ length: workers }, (_, index) => server.voicePort + index);
      const expected = [
        ...[...tcp, ...(mumble ? [server.mumblePort] : [])].map((port) => `tcp 127.0.0.1:${port}`),
        ...[...udp, ...(mumble ? [server.mumblePort] : [])].map((port) => `udp 127.0.0.1:${port}`),
      ];
      expect(await listeningPortsOf(server.pid)).toEqual(expected.sort());
    } finally {
      await server.stop();
    }
  },
);
