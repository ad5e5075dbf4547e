import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { SessionId } from '../../src/ids.js';
import type { VoiceQuality } from '../../src/sessions/voice-quality.js';
import { TestServer } from '../support/test-server.js';

const QUALITY: VoiceQuality = {
  up: { expected: 3_000_000_000, lost: 30, jitterMs: 3.9 },
  down: { expected: 1520, lost: 20, jitterMs: null },
  clientRoundTripMs: 31,
  serverRoundTripMs: null,
};
const DOCUMENT = `query ($id: ID!) { organization(id: $id) { sessions(first: 10) { nodes { id voiceQuality {
  up { expected lost jitterMs } down { expected lost jitterMs } clientRoundTripMs serverRoundTripMs } } } } }`;

/** What the source was asked, and of whom it knows something. */
const asked: (readonly SessionId[])[] = [];
const known = new Map<SessionId, VoiceQuality>();

let server: TestServer;
beforeAll(async () => {
  const qualitiesOf = async (ids: readonly SessionId[]) => {
    asked.push(ids);
    return new Map(ids.flatMap((id) => [...(known.has(id) ? [[id, QUALITY] as const] : [])]));
  };
  server = await TestServer.start({ voiceQuality: { qualitiesOf } });
});
afterAll(() => server.stop());

it('sessions show how voice goes, all by one question, and null where nothing is known', async () => {
  const { services, sessions } = server;
  const red = await services.organization('red');
  const [anna, bert] = [await services.user(red, 'anna'), await services.user(red, 'bert')];
  const opened = [];
  for (const user of [anna, bert]) opened.push(await sessions.open(services.as(user), { clientName: 'test' }));
  const [first, second] = opened.map(({ id }) => id).sort((left, right) => left - right);
  if (first === undefined || second === undefined) throw new Error('two have connected');
  known.set(second, QUALITY);
  const { accessToken } = await services.auth.loginAs(services.system, anna);
  const { data, errors } = await server.ask(DOCUMENT, { id: `${red.id}` }, accessToken);
  expect(errors).toEqual([]);
  expect(data).toEqual({
    organization: {
      sessions: {
        nodes: [
          { id: `${first}`, voiceQuality: null },
          { id: `${second}`, voiceQuality: QUALITY },
        ],
      },
    },
  });
  expect(asked).toEqual([[first, second]]);
});
