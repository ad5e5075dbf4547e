import { Field, ID, InputType } from 'type-graphql';
import { AuditActionType, AuditTargetType } from '../graphql/audit-enums.js';
import type { AuditAction, AuditTarget } from './audit-record.js';

@InputType({ description: 'Which audit entries are asked for. What is left out does not matter.' })
export class AuditFilterInput {
  @Field(() => ID, { nullable: true, description: 'Only what this user did.' })
  declare actorId?: string | null;

  @Field(() => [AuditActionType], { nullable: true, description: 'Only these actions.' })
  declare actions?: AuditAction[] | null;

  @Field(() => AuditTargetType, { nullable: true, description: 'Only what was done to this kind of target.' })
  declare targetType?: AuditTarget | null;

  @Field(() => ID, { nullable: true, description: 'Only what was done to the target with this id.' })
  declare targetId?: string | null;

  @Field(() => Date, { nullable: true, description: 'From this time on.' })
  declare since?: Date | null;

  @Field(() => Date, { nullable: true, description: 'Before this time.' })
  declare until?: Date | null;
}
