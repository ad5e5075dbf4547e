import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { DgramBackend } from '../../src/voice/dgram-backend.js';
import { choosePacketPath, NativeBackendMissing } from '../../src/voice/packet-path.js';
import { RelayHost } from '../../src/voice/relay-host.js';
import { buildableBackends } from './buildable-backends.js';

const HANDLER = { onBatch() {}, onPacket() {}, onSent() {} };
const ANYWHERE = { bindAddress: '127.0.0.1', port: 0 };

function noAddon(): never {
  throw new Error('there is no addon');
}

describe('the choice of the UDP backend', () => {
  it.each(buildableBackends())('is what voice.backend names: %s', async (name) => {
    const backend = await choosePacketPath(name).start(ANYWHERE, HANDLER);
    expect(backend.name).toBe(name);
    await backend.close();
  });

  it('is the native one by itself where that can be, else dgram', async () => {
    const best = await choosePacketPath('auto').start(ANYWHERE, HANDLER);
    expect(best.name).toBe(buildableBackends().at(-1));
    await best.close();
    expect(choosePacketPath('auto', noAddon).start).toBe(DgramBackend.start);
  });

  it('needs no addon for dgram', () => {
    expect(choosePacketPath('dgram', noAddon).start).toBe(DgramBackend.start);
  });

  it('fails where the native one is asked for and cannot be', () => {
    expect(() => choosePacketPath('native', noAddon)).toThrow(NativeBackendMissing);
  });

  it('makes the start of the relay fail with one line that says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-worker-'));
    const workerPath = join(folder, 'worker.mjs');
    writeFileSync(
      workerPath,
      `import { parentPort } from 'node:worker_threads';
       parentPort.postMessage({ type: 'failed', code: 'NATIVE_BACKEND_MISSING', reason: 'there is no addon' });`,
    );
    const start = RelayHost.start({
      ...ANYWHERE,
      maxBitrate: 1,
      backend: 'native',
      logger: pino({ level: 'silent' }),
      workerPath,
    });
    await expect(start).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The native UDP backend is not there: there is no addon. It is made by npm ci.',
    });
    rmSync(folder, { recursive: true });
  });
});
