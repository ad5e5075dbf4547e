/** What the banner tells of a server. */
import type { BannerFacts } from '../banner.js';
import type { Config } from '../config.js';
import { DataFolder } from '../data-folder.js';
import { HttpListener } from '../http/http-listener.js';
import { MumbleDoor } from '../mumble/mumble-door.js';
import type { TlsCertificate } from '../tls-certificate.js';
import { VERSION } from '../version.js';
import { RelayPool } from '../voice/relay-pool.js';
import { VoiceDoor } from '../voice/voice-door.js';

export interface OpenDoors {
  readonly http: HttpListener;
  readonly voiceDoor: VoiceDoor;
  /** Null where it is off. */
  readonly mumbleDoor: MumbleDoor | null;
  readonly relay: RelayPool;
  readonly certificate: TlsCertificate;
}

export function factsOf(
  { server }: Config,
  folder: DataFolder,
  { http, voiceDoor, mumbleDoor, relay, certificate }: OpenDoors,
  { username, password }: { readonly username: string; readonly password: string | null },
): BannerFacts {
  return {
    version: VERSION,
    dataFolder: folder.path,
    http: { bindAddress: server.http_bind_address, port: http.port, isTls: server.http_tls },
    voice: { bindAddress: server.bind_address, controlPort: voiceDoor.port, voicePorts: relay.voicePorts },
    mumble: mumbleDoor === null ? null : { bindAddress: server.bind_address, port: mumbleDoor.port },
    certificate,
    newAdministrator: password === null ? null : { username, password },
  };
}
