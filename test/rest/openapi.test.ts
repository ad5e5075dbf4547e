import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Contract, isValidDocument } from './contract.js';
import { RestWorld } from './rest-world.js';

let world: RestWorld;
beforeAll(async () => {
  world = await RestWorld.create();
});
afterAll(() => world.end());

describe('the OpenAPI document', () => {
  it('is one of OpenAPI 3.1', async () => {
    expect(world.document.openapi).toBe('3.1.0');
    expect(await isValidDocument(world.document)).toBe(true);
  });

  it('describes exactly the routes of the specification, and the one for tokens', () => {
    const operations = Object.entries(world.document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.sort()).toEqual([
      'DELETE /channels/{id}',
      'DELETE /orgs/{id}',
      'DELETE /orgs/{id}/users/{user_id}',
      'GET /channels/{id}/users',
      'GET /orgs/{id}',
      'GET /orgs/{id}/channels',
      'GET /orgs/{id}/sessions',
      'POST /auth/token',
      'POST /orgs',
      'POST /orgs/{id}/channels',
      'POST /orgs/{id}/users',
      'PUT /channels/{id}',
      'PUT /orgs/{id}',
    ]);
  });

  it('lets no body have a field that it does not name, and shows no hash', () => {
    const { schemas } = world.document.components;
    for (const [name, schema] of Object.entries(schemas)) {
      const forms = 'anyOf' in schema ? Object.values(Object(schema.anyOf)) : [schema];
      for (const form of forms) expect([name, Object(form).additionalProperties]).toEqual([name, false]);
      expect(JSON.stringify(schema)).not.toMatch(/hash/i);
    }
  });

  it('is given to everybody, once', async () => {
    const first = await world.anonymous.get('/openapi.json');
    const etag = first.headers.get('etag') ?? '';
    expect((await world.anonymous.get('/openapi.json', { 'if-none-match': etag })).status).toBe(304);
  });

  it('is what the answers of these tests are held against', async () => {
    const contract = new Contract(world.document);
    const headers = new Headers({ 'content-type': 'application/json', etag: '"1"' });
    const check = (status: number, body: unknown) =>
      contract.check('GET', '/orgs/1', { status, headers, text: JSON.stringify(body) });
    const { body } = await world.platformAdmin.post('/orgs', { name: 'Whole', tag: 'whole' });
    await check(200, body);
    await expect(check(200, { ...Object(body), more: 1 })).rejects.toThrow('not as described');
    await expect(check(200, { ...Object(body), created_at: 'yesterday' })).rejects.toThrow('not as described');
    await expect(check(200, { ...Object(body), id: undefined })).rejects.toThrow('not as described');
    await expect(check(418, body)).rejects.toThrow('not described');
    headers.delete('etag');
    await expect(check(200, body)).rejects.toThrow('no header');
  });
});
