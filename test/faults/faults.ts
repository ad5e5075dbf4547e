import { BAD_NETWORK } from './bad-network.js';
import { CLOCK_SET } from './clock-set.js';
import type { Fault } from './fault.js';
import { MASS_CUT } from './mass-cut.js';
import { NODE_KILLED } from './node-killed.js';
import { POSTGRES_KILLED } from './postgres-killed.js';
import { REDIS_KILLED } from './redis-killed.js';

/** All faults that are tried. */
export const FAULTS: readonly Fault[] = [REDIS_KILLED, POSTGRES_KILLED, BAD_NETWORK, MASS_CUT, CLOCK_SET, NODE_KILLED];
