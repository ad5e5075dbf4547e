/** What inputs of mutations have in common. `answerRefusals` hands these fields to the services in the request context. */
import { Field, InputType } from 'type-graphql';
import { IDEMPOTENCY_HOURS, MAX_IDEMPOTENCY_KEY_LENGTH } from '../idempotency/idempotency.js';

/** What every mutation that changes something of an organization takes. */
@InputType()
export abstract class MutationInput {
  @Field(() => String, { nullable: true, description: 'Why, for the audit log: 1 to 512 characters.' })
  declare reason?: string | null;
}

/** What every mutation that makes something takes. */
@InputType()
export abstract class CreationInput extends MutationInput {
  @Field(() => String, {
    nullable: true,
    description: `Chosen by you, 1 to ${MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters: the same request with the same key within ${IDEMPOTENCY_HOURS} h gives the first result again.`,
  })
  declare idempotencyKey?: string | null;
}
