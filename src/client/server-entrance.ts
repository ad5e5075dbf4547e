/** How a client comes into a server: by a login, which may lead it to another node, by a ticket, or back to its session. */
import type { Redirect, Welcome } from '../protocol/generated/control_pb.js';
import type { ControlLinkOptions } from './control-link.js';
import { type ClientBody, ControlStream } from './control-stream.js';
import { type ServerPlace, toldPlace } from './server-place.js';
import { VoiceClientError } from './voice-client-error.js';

const PROTOCOL_VERSION = 1;

/** A connection that has a session. */
export interface Entered {
  readonly stream: ControlStream;
  readonly welcome: Welcome;
  readonly place: ServerPlace;
}

/** Logs in at this place, or where the server sends the client; where that cannot be reached, here after all. Throws VoiceClientError. */
export async function logIn(options: ControlLinkOptions, place: ServerPlace): Promise<Entered> {
  const answer = await knock(options, place, loginRequest(options, true));
  if ('stream' in answer) return answer;
  try {
    return await enterBy(options, answer);
  } catch (error) {
    if (!(error instanceof VoiceClientError) || error.code !== 'CANNOT_CONNECT') throw error;
    return entered(await knock(options, place, loginRequest(options, false)));
  }
}

/** Goes where the server has sent the client. Throws VoiceClientError. */
export async function enterBy(options: ControlLinkOptions, { node, ticket }: Redirect): Promise<Entered> {
  if (node === undefined) throw malformed('a redirect leads nowhere');
  const login = { protocolVersion: PROTOCOL_VERSION, clientName: options.clientName, followsRedirects: true };
  const credentials = { case: 'ticket', value: ticket } as const;
  return entered(await knock(options, toldPlace(node, options), { case: 'login', value: { ...login, credentials } }));
}

/** Comes back to a session at this place. Throws VoiceClientError. */
export async function resume(
  options: ControlLinkOptions,
  place: ServerPlace,
  { sessionId, token }: { readonly sessionId: number; readonly token: Uint8Array },
): Promise<Entered> {
  const request: ClientBody = { case: 'resume', value: { protocolVersion: PROTOCOL_VERSION, sessionId, token } };
  return entered(await knock(options, place, request));
}

async function knock(
  options: ControlLinkOptions,
  place: ServerPlace,
  request: ClientBody,
): Promise<Entered | Redirect> {
  const stream = await ControlStream.connect({ ...place, signal: options.signal });
  try {
    const answer = await stream.request(request);
    if (answer.case === 'welcome') return { stream, welcome: answer.value, place };
    if (answer.case !== 'redirect') throw malformed(`no welcome to the ${request.case}`);
    await stream.close();
    return answer.value;
  } catch (error) {
    await stream.close();
    throw error;
  }
}

function entered(answer: Entered | Redirect): Entered {
  if ('stream' in answer) return answer;
  throw malformed('it sends the client from node to node');
}

function malformed(detail: string): VoiceClientError {
  return new VoiceClientError('MALFORMED', `The server does not speak the protocol: ${detail}.`);
}

function loginRequest({ credentials, clientName }: ControlLinkOptions, followsRedirects: boolean): ClientBody {
  return {
    case: 'login',
    value: {
      protocolVersion: PROTOCOL_VERSION,
      clientName,
      followsRedirects,
      credentials:
        'accessToken' in credentials
          ? { case: 'accessToken', value: credentials.accessToken }
          : { case: 'password', value: credentials },
    },
  };
}
