import { Field, Float, ObjectType } from 'type-graphql';
import type { VoiceFlow, VoiceQuality } from './voice-quality.js';

/** The GraphQL type of voice in one direction. */
@ObjectType('VoiceFlow', {
  description: 'How voice goes in one direction since the session began: voice packets and pings.',
  simpleResolvers: true,
})
export class VoiceFlowType implements VoiceFlow {
  @Field(() => Float, { description: 'Packets that were sent, as far as is known: a whole number.' })
  declare expected: number;

  @Field(() => Float, { description: 'Of these, those that did not arrive: a whole number.' })
  declare lost: number;

  @Field(() => Float, {
    nullable: true,
    description: 'How unevenly packets arrive (RFC 3550, 6.4.1), in milliseconds; null where nothing was measured.',
  })
  declare jitterMs: number | null;
}

/** The GraphQL type of how voice goes from and to a session. */
@ObjectType('VoiceQuality', {
  description: 'How voice goes between a client and the server.',
  simpleResolvers: true,
})
export class VoiceQualityType implements VoiceQuality {
  @Field(() => VoiceFlowType, {
    description: 'From the client to the server: loss by the counters of all packets, jitter by the pings.',
  })
  declare up: VoiceFlow;

  @Field(() => VoiceFlowType, {
    description:
      'From the server to the client, as the client says; it tells about every 10 s. Jitter is that of the voice that it hears, from its speakers on.',
  })
  declare down: VoiceFlow;

  @Field(() => Float, {
    nullable: true,
    description: 'The round trip by UDP as the client says, in milliseconds; null where it has not said.',
  })
  declare clientRoundTripMs: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'From a pong of the server to the report of it through the control connection, less the time that it lay with the client, in milliseconds; null before the first report.',
  })
  declare serverRoundTripMs: number | null;
}
