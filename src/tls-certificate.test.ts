import { createHash, X509Certificate } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TemporaryFolder } from '../test/support/temporary-folder.js';
import { DataFolder } from './data-folder.js';
import { type TlsCertificate, tlsCertificate } from './tls-certificate.js';

let parent: TemporaryFolder;
let folder: DataFolder;
beforeEach(async () => {
  parent = await TemporaryFolder.make();
  folder = await DataFolder.open(parent.pathOf('data'));
});
afterEach(async () => {
  folder.close();
  await parent[Symbol.asyncDispose]();
});

describe("the server's own certificate", () => {
  it('is made once, for ten years, with a key for the owner only', async () => {
    const made = await tlsCertificate(null, folder);
    expect(await tlsCertificate(null, folder)).toEqual(made);
    expect(made).toMatchObject({
      isSelfSigned: true,
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/),
    });
    expect(made.validTo.getUTCFullYear()).toBe(new Date().getUTCFullYear() + 10);
    expect((await stat(folder.pathOf('certificate-key.pem'))).mode & 0o777).toBe(0o600);
  });

  it('has the fingerprint of its DER form', async () => {
    const { cert, fingerprint } = await tlsCertificate(null, folder);
    const digest = createHash('sha256').update(new X509Certificate(cert).raw).digest('hex');
    expect(fingerprint.replaceAll(':', '').toLowerCase()).toBe(digest);
  });

  it.each(['localhost', '127.0.0.1', '::1'])('is good for %s', async (name) => {
    expect(isFor(await tlsCertificate(null, folder), name)).toBe(true);
  });

  it('is good for no other name', async () => {
    expect(isFor(await tlsCertificate(null, folder), 'example.org')).toBe(false);
  });

  it('is made anew when a first start was interrupted before it was there', async () => {
    const { fingerprint } = await tlsCertificate(null, folder);
    await rm(folder.pathOf('certificate.pem'));
    expect((await tlsCertificate(null, folder)).fingerprint).not.toBe(fingerprint);
  });

  it('is never replaced in silence: without its key, or with another, it is refused', async () => {
    await tlsCertificate(null, folder);
    for (const key of [undefined, 'nonsense']) {
      await rm(folder.pathOf('certificate-key.pem'), { force: true });
      if (key !== undefined) await folder.write('certificate-key.pem', key);
      await expect(tlsCertificate(null, folder)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    }
  });
});

describe('a configured certificate', () => {
  it('is taken from its files', async () => {
    const { cert, key, fingerprint } = await tlsCertificate(null, folder);
    const files = { cert: folder.pathOf('certificate.pem'), key: folder.pathOf('certificate-key.pem') };
    expect(await tlsCertificate(files, folder)).toMatchObject({ cert, key, fingerprint, isSelfSigned: false });
  });

  it('that has gone is refused in one line', async () => {
    const files = { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' };
    await expect(tlsCertificate(files, folder)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

function isFor({ cert }: TlsCertificate, name: string): boolean {
  const certificate = new X509Certificate(cert);
  const named = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  return named !== undefined && certificate.verify(certificate.publicKey);
}
