/** A real server tells a real collector what becomes of a mutation, until the relay has obeyed it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DemoApi } from '../../scripts/demo-api.js';
import { DemoServer } from '../../scripts/demo-server.js';
import { VoiceClient } from '../../src/client/voice-client.js';
import { eventually } from '../support/eventually.js';
import { ask } from '../support/test-server.js';
import { attributeOf, type CollectedSpan, Collector } from './collector.js';

const PASSWORD = 'a password of somebody';

let collector: Collector;
let server: DemoServer;
let organization = '';
let token = '';
beforeAll(async () => {
  collector = await Collector.start();
  server = await DemoServer.start({ environment: { PARLEY_TRACING_OTLP_URL: collector.url } });
  const api = new DemoApi(server.httpUrl);
  await api.login('admin', server.adminPassword);
  organization = await api.createOrganization('Demo', 'demo');
  const role = await api.createSpeakerRole(organization, 'speaker');
  await api.createUser(organization, 'alice', PASSWORD, role);
  const login = 'mutation ($input: LoginInput!) { login(input: $input) { accessToken } }';
  const { data } = await ask(server.httpUrl, login, { input: { username: 'admin', password: server.adminPassword } });
  token = Object(data).login.accessToken;
});
afterAll(async () => {
  await server.stop();
  collector.stop();
});

async function spanThat(fits: (span: CollectedSpan) => boolean): Promise<CollectedSpan> {
  return eventually(() => collector.spans.find(fits));
}

async function childThat(parent: CollectedSpan, fits: (span: CollectedSpan) => boolean): Promise<CollectedSpan> {
  return eventually(() => collector.childrenOf(parent).find(fits));
}

describe('a mutation', () => {
  it('is one trace from HTTP by GraphQL and the service to SQL, and leads to its effect in the relay', async () => {
    const { host, controlPort: port, certificateFingerprint: fingerprint } = server;
    const credentials = { organizationTag: 'demo', username: 'alice', password: PASSWORD };
    const alice = await VoiceClient.connect({ host, port, fingerprint, credentials, clientName: 'test' });
    const [traceId, callerId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
    const response = await fetch(`${server.httpUrl}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'x-request-id': 'traced-1',
        traceparent: `00-${traceId}-${callerId}-00`,
      },
      body: JSON.stringify({
        query: `mutation Zelda { mine: createChannel(input: { organizationId: ${organization}, name: "Campfire" }) { channel { id } } }`,
      }),
    });
    expect(response.status).toBe(200);

    const request = await spanThat(
      (span) => attributeOf(span, 'parley.request_id') === 'traced-1' && span.links.length === 0,
    );
    expect(request).toMatchObject({ name: 'HTTP POST', traceId, parentSpanId: callerId });
    expect(Number(attributeOf(request, 'http.response.status_code'))).toBe(200);
    const operation = await childThat(request, () => true);
    expect(operation.name).toBe('GraphQL mutation createChannel');
    const service = await childThat(operation, ({ name }) => name === 'ChannelService.create');
    const change = await childThat(service, ({ name }) => name === 'database write');
    const insert = await childThat(change, ({ name }) => name === 'insert');
    expect(String(attributeOf(insert, 'db.query.text'))).toMatch(/^insert into "channels" .*values \(\?/);
    expect(insert.traceId).toBe(traceId);

    const effect = await spanThat(({ name, links }) => name === 'voice follows' && links.length > 0);
    expect(effect.traceId).not.toBe(traceId);
    expect(effect.links).toMatchObject([{ traceId, spanId: service.spanId }]);
    expect(attributeOf(effect, 'parley.event')).toBe('channel_created');
    expect(attributeOf(effect, 'parley.request_id')).toBe('traced-1');
    await alice.close();
  });

  it('that is refused is marked by its code', async () => {
    const response = await fetch(`${server.httpUrl}/api/v1/orgs/999`, {
      headers: { authorization: `Bearer ${token}`, 'x-request-id': 'traced-2' },
    });
    expect(response.status).toBe(404);
    const request = await spanThat((span) => attributeOf(span, 'parley.request_id') === 'traced-2');
    expect(attributeOf(request, 'error.type')).toBe('NOT_FOUND');
    expect(request.status.code).toBe(2);
    const service = await childThat(request, ({ name }) => name === 'OrganizationService.get');
    expect(service.status.code).toBe(2);
  });

  it('tells nobody a name, a password or an address', () => {
    const words = ['alice', 'zelda', 'campfire', 'mine', PASSWORD, server.adminPassword, token, '127.0.0.1', '::1'];
    expect(words.filter((word) => collector.text.toLowerCase().includes(word.toLowerCase()))).toEqual([]);
  });
});
