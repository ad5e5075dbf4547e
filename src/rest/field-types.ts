/** Types of fields that several nouns have. */
import { z } from 'zod';

const MAX_SERIAL = 2 ** 31 - 1;
const MAX_SESSION_ID = 2 ** 32 - 1;

/** An id in a body. */
export const serial = z.int().min(1).max(MAX_SERIAL);

/** The id of a session. */
export const sessionNumber = z.int().min(1).max(MAX_SESSION_ID).describe('The session id of the voice protocol.');

/** The number of a version: it counts up with each edit, and is the entity tag. */
export const version = z.int().min(1).describe('Counts up with each edit; the entity tag is this number in quotes.');

/** A moment, in UTC. */
export const moment = z.iso.datetime().describe('In UTC, ISO 8601.');
