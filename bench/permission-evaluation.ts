import { channelId, roleId, userId } from '../src/ids.js';
import type { PermissionMask } from '../src/permissions/bits.js';
import {
  type ChannelNode,
  effectivePermissions,
  type OrganizationPolicy,
  type Subject,
} from '../src/permissions/evaluate.js';
import { referencePermissions } from '../test/permissions/reference-evaluator.js';
import { Random } from '../test/voice/random.js';
import { type Measurement, measurementOf, type Round } from './measurement.js';

const USERS = 1000;
const CHANNELS = 50;
const ROLES = 20;
const ROLES_PER_USER = 3;
const ENTRIES_PER_ACL = 4;
const ROUNDS = 5;
/** The evaluator is so much faster that it does the same work so many times over. */
const REPETITIONS = 10;
const SEED = 7;

type Evaluate = typeof effectivePermissions;

/** How fast the evaluator says what everybody in a large organization may do in every channel, beside the slow reference of its tests. */
export async function benchPermissionEvaluation(): Promise<readonly Measurement[]> {
  const random = new Random(SEED);
  const policy = makePolicy(random);
  const subjects = Array.from({ length: USERS }, (_, index) => makeSubject(index + 1, random));
  const rounds: Round[] = [];
  // The first round only warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const parley = perSecond(effectivePermissions, { policy, subjects, repetitions: REPETITIONS });
    const reference = perSecond(referencePermissions, { policy, subjects, repetitions: 1 });
    if (parley.sum !== reference.sum) throw new Error('The evaluator and its reference do not agree.');
    if (round > 0) rounds.push({ parley: parley.perSecond, reference: reference.perSecond });
  }
  const subject = { bench: 'permissions', what: 'evaluations', unit: '/s', yardstick: 'slow reference' };
  return [measurementOf(subject, rounds)];
}

interface Work {
  readonly policy: OrganizationPolicy;
  readonly subjects: readonly Subject[];
  readonly repetitions: number;
}

/** The sum of all masks is taken so that no evaluation can be left out, and so that two evaluators can be compared. */
function perSecond(evaluate: Evaluate, { policy, subjects, repetitions }: Work): { perSecond: number; sum: number } {
  const channelIds = [...policy.channels.keys()];
  let sum = 0;
  const startedAtMs = performance.now();
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    for (const subject of subjects) for (const id of channelIds) sum += evaluate(policy, subject, id);
  }
  const elapsedMs = performance.now() - startedAtMs;
  const evaluations = repetitions * subjects.length * channelIds.length;
  return { perSecond: (1000 * evaluations) / elapsedMs, sum: sum / repetitions };
}

/** A third of the channels has an ACL. No role has MANAGE by itself: it would end most evaluations early. */
function makePolicy(random: Random): OrganizationPolicy {
  const roles = Array.from({ length: ROLES }, (_, index) => [roleId(index + 1), random.below(8)] as const);
  const channels = Array.from({ length: CHANNELS }, (_, index) => {
    const parent = random.below(index + 1);
    const node: ChannelNode = {
      parentId: parent === 0 ? null : channelId(parent),
      acl: random.chance(1 / 3) ? makeAcl(random) : new Map(),
    };
    return [channelId(index + 1), node] as const;
  });
  return { ownerId: userId(USERS + 1), roles: new Map(roles), channels: new Map(channels) };
}

function makeAcl(random: Random): ReadonlyMap<ReturnType<typeof roleId>, PermissionMask> {
  return new Map(
    Array.from({ length: ENTRIES_PER_ACL }, () => [roleId(1 + random.below(ROLES)), random.below(16)] as const),
  );
}

function makeSubject(number: number, random: Random): Subject {
  const roleIds = Array.from({ length: ROLES_PER_USER }, () => roleId(1 + random.below(ROLES)));
  return { userId: userId(number), platformAdmin: false, roleIds: [...new Set(roleIds)] };
}
