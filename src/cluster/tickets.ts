import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../errors.js';
import { apiKeyId, channelId, organizationId, sessionId, userId } from '../ids.js';
import { type RedisLink, redisIsAway } from '../redis/redis-link.js';
import type { ClusterSecret } from './cluster-secret.js';

/** How long a ticket is good, in milliseconds. */
export const TICKET_MS = 30_000;
const TAG_BYTES = 32;

const credential = z.strictObject({
  tokenVersion: z.int(),
  loginId: z.string().nullable(),
  apiKey: z.strictObject({ id: z.int().transform(apiKeyId), leftMs: z.number().nullable() }).nullable(),
});

/** What is in a ticket: who its holder is, and which session they leave for another, if any. */
const ticketSchema = z.strictObject({
  /** Names the ticket, so that it is good once. */
  id: z.string(),
  /** The node that it is for. */
  node: z.string(),
  actor: z.strictObject({
    kind: z.literal('user'),
    userId: z.int().transform(userId),
    organizationId: z.int().transform(organizationId),
    username: z.string(),
    platformAdmin: z.literal(false),
    credential,
    scopes: z.array(z.enum(['read', 'write', 'voice'])).nullable(),
  }),
  moved: z
    .strictObject({
      sessionId: z.int().transform(sessionId),
      self: z.strictObject({ muted: z.boolean(), deafened: z.boolean(), recording: z.boolean() }),
      listeningChannelIds: z.array(z.int().transform(channelId)),
    })
    .nullable(),
});

type Ticket = z.infer<typeof ticketSchema>;
/** Who goes to another node, and what they take along. */
export type TicketHolder = Pick<Ticket, 'actor' | 'moved'>;

export interface TicketsOptions {
  readonly link: RedisLink;
  /** The id of this node. */
  readonly node: string;
  readonly secret: ClusterSecret;
}

/**
 * Tickets by which one node tells another who somebody is. Only a node can make one; it is good at one node, once, and
 * for half a minute by the clock of Redis, so that no clock of a node matters.
 */
export class Tickets {
  readonly #options: TicketsOptions;
  readonly #key: Uint8Array;

  constructor(options: TicketsOptions) {
    this.#options = options;
    this.#key = options.secret.key('ticket', '', TAG_BYTES);
  }

  /** A ticket for this node. Throws UNAVAILABLE where Redis is away. */
  async issue({ actor, moved }: TicketHolder, node: string): Promise<Uint8Array> {
    const id = randomBytes(16).toString('base64url');
    const body = Buffer.from(JSON.stringify({ id, node, actor, moved } satisfies z.input<typeof ticketSchema>));
    try {
      await this.#options.link.commands.set(keyOf(id), '1', 'PX', TICKET_MS);
    } catch (error) {
      throw redisIsAway(error);
    }
    return Buffer.concat([this.#tagOf(body), body]);
  }

  /** Takes a ticket in. Throws UNAUTHENTICATED for one that is forged, used, over, or for another node, and UNAVAILABLE. */
  async redeem(ticket: Uint8Array): Promise<TicketHolder> {
    const { actor, moved, id } = this.#read(ticket);
    let isGood: boolean;
    try {
      isGood = (await this.#options.link.commands.getdel(keyOf(id))) === '1';
    } catch (error) {
      throw redisIsAway(error);
    }
    if (!isGood) throw notGood();
    return { actor, moved };
  }

  #read(ticket: Uint8Array): Ticket {
    const [tag, body] = [ticket.subarray(0, TAG_BYTES), ticket.subarray(TAG_BYTES)];
    if (tag.length !== TAG_BYTES || !timingSafeEqual(tag, this.#tagOf(body))) throw notGood();
    const read = ticketSchema.safeParse(JSON.parse(Buffer.from(body).toString()));
    if (!read.success || read.data.node !== this.#options.node) throw notGood();
    return read.data;
  }

  #tagOf(body: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(body).digest();
  }
}

function keyOf(id: string): string {
  return `parley:ticket:${id}`;
}

function notGood(): AppError {
  return new AppError('UNAUTHENTICATED', 'This ticket is not good, or not any more: log in again.');
}
