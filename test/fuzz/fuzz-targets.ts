import { configTarget } from './config-target.js';
import { controlTarget } from './control-target.js';
import { datagramsTarget } from './datagrams-target.js';
import { framesTarget } from './frames-target.js';
import type { FuzzTarget } from './fuzz-target.js';
import { graphqlTarget } from './graphql-target.js';
import { mumbleFramesTarget } from './mumble-frames-target.js';
import { mumbleVoiceTarget } from './mumble-voice-target.js';
import { oggTarget } from './ogg-target.js';
import { relayTarget } from './relay-target.js';
import { textsTarget } from './texts-target.js';
import { voiceReceiverTarget } from './voice-receiver-target.js';

/** Everything that is fuzzed without a network. */
export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  datagramsTarget,
  relayTarget,
  framesTarget,
  mumbleFramesTarget,
  mumbleVoiceTarget,
  controlTarget,
  voiceReceiverTarget,
  oggTarget,
  textsTarget,
  configTarget,
  graphqlTarget,
];
