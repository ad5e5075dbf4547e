/** The refusals that a person can mend, as the mutations answer them in `errors`. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';
import { type AppError, ERROR_CODES, type ErrorCode } from '../errors.js';

/** The codes of `ERROR_CODES` that a person can mend. */
export type UserErrorCode = {
  [Code in ErrorCode]: (typeof ERROR_CODES)[Code]['userFixable'] extends true ? Code : never;
}[ErrorCode];

@ObjectType({
  description: 'One value of the message, so that a client can say it in its own words.',
  simpleResolvers: true,
})
export class UserErrorParam {
  @Field(() => String, { description: 'What the value is, for example `max` or `noun`. Stable for each code.' })
  declare name: string;

  @Field(() => String, { nullable: true, description: 'The value as text. Never a secret.' })
  declare value: string | null;
}

@ObjectType({ description: 'Why a mutation was refused, where a person can mend it.', simpleResolvers: true })
export class UserError {
  @Field(() => UserErrorCodes, { description: 'What is wrong. Stable across releases.' })
  declare code: UserErrorCode;

  @Field(() => String, { description: 'What is wrong, in English, safe to show.' })
  declare message: string;

  @Field(() => [String], {
    description:
      'Where in the arguments it is wrong, outermost first: `["input", "name"]`. Empty where it is no single field.',
  })
  declare path: readonly string[];

  @Field(() => [UserErrorParam], { description: 'The values in the message, by name.' })
  declare params: readonly UserErrorParam[];
}

/** The GraphQL form of a refusal, or undefined for an error that no person can mend. */
export function toUserError(error: AppError): UserError | undefined {
  if (!isUserErrorCode(error.code)) return undefined;
  const params = Object.entries(error.params).map(([name, value]) => ({
    name,
    value: value === null ? null : String(value),
  }));
  return { code: error.code, message: error.message, path: error.path, params };
}

const DESCRIPTIONS: Readonly<Record<UserErrorCode, string>> = {
  INVALID_INPUT: 'A value is of the right type and cannot be accepted; `path` says which.',
  INVALID_CREDENTIALS: 'There is no such user, or the password is wrong; which of the two is not told.',
  ALREADY_EXISTS: 'Another object has this name already.',
  CONFLICT: 'The object has been edited since the version that was expected: read it again.',
  HAS_CHILDREN: 'The channel has channels below it: ask for a recursive deletion, or delete those first.',
  OWNER_REQUIRED: 'The organization would be without an owner: transfer it first.',
  QUOTA_EXCEEDED: 'The limit of the organization or of the server is reached.',
  CHANNEL_FULL: 'No further session fits in the channel.',
  PASSWORD_REQUIRED: 'The channel has a password and none was given.',
  WRONG_PASSWORD: 'The password is wrong.',
  NOT_JOINED: 'The session has not joined the channel.',
  ROLE_IN_USE: 'The ACL of a channel names this role alone: without it the channel would be open to all.',
};

/** Both the values and the GraphQL type: the enum's internal value is the code itself. */
const UserErrorCodes = Object.fromEntries(Object.keys(DESCRIPTIONS).map((code) => [code, code]));

registerEnumType(UserErrorCodes, {
  name: 'ErrorCode',
  description: 'Everything that a person can mend. What nobody can mend has its code in `extensions.code`.',
  valuesConfig: Object.fromEntries(Object.entries(DESCRIPTIONS).map(([code, description]) => [code, { description }])),
});

function isUserErrorCode(code: ErrorCode): code is UserErrorCode {
  return ERROR_CODES[code].userFixable;
}
