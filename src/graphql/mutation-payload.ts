/** How mutations answer: their object and `errors`, and who fills the latter. */
import {
  defaultFieldResolver,
  type GraphQLOutputType,
  type GraphQLSchema,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { Field, ObjectType } from 'type-graphql';
import { AppError } from '../errors.js';
import { toReason } from '../text-rules.js';
import { originalOf } from './error-format.js';
import type { GraphqlContext } from './graphql-context.js';
import { clearLoaders } from './loaders.js';
import type { CreationInput } from './mutation-input.js';
import { toUserError, UserError } from './user-error.js';

/** What the payload of every mutation has. */
@ObjectType({ simpleResolvers: true })
export abstract class MutationPayload {
  @Field(() => [UserError], { description: 'Why nothing was done. Empty where it was done.' })
  declare readonly errors: readonly UserError[];
}

/** What a resolver returns: the payload without `errors`. */
export type Answer<Payload extends MutationPayload> = Omit<Payload, 'errors'>;

/** Lets every mutation of the schema answer a refusal that a person can mend in its payload, so that resolvers need not. Other errors go on. */
export function answerRefusals(schema: GraphQLSchema): void {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve ?? defaultFieldResolver;
    const nothing = emptyLists(field.type);
    field.resolve = async (source, args, context: GraphqlContext, info) => {
      clearLoaders(context.loaders);
      try {
        const answer: unknown = await resolve(source, args, withWishes(context, args), info);
        return { ...(typeof answer === 'object' ? answer : {}), errors: [] };
      } catch (error) {
        const original = originalOf(error);
        const refusal = original instanceof AppError ? toUserError(original) : undefined;
        if (refusal === undefined) throw error;
        context.note.failedBy(refusal.code);
        return { ...nothing, errors: [refusal] };
      }
    };
  }
}

/** The lists that a payload must have: there is nothing in them where the mutation was refused. */
function emptyLists(payload: GraphQLOutputType): Readonly<Record<string, readonly never[]>> {
  if (!isObjectType(payload)) return {};
  const lists = Object.values(payload.getFields()).filter(({ type }) => isNonNullType(type) && isListType(type.ofType));
  return Object.fromEntries(lists.map(({ name }) => [name, []]));
}

/** Hands what every input may have, a reason and an idempotency key, to the services. */
function withWishes(context: GraphqlContext, { input }: { readonly input?: Partial<CreationInput> }): GraphqlContext {
  const { reason, idempotencyKey } = input ?? {};
  return {
    ...context,
    ...(typeof reason === 'string' && { reason: toReason(reason, ['input', 'reason']) }),
    ...(typeof idempotencyKey === 'string' && { idempotencyKey }),
  };
}
