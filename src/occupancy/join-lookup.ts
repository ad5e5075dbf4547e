import type { Channel } from '../channels/channel.entity.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { ChannelId, OrganizationId, UserId } from '../ids.js';
import { NO_PERMISSIONS, type PermissionMask } from '../permissions/bits.js';
import { effectivePermissions } from '../permissions/evaluate.js';
import type { PermissionService } from '../permissions/permission.service.js';
import { systemContext } from '../request-context.js';

/** A channel as somebody finds it who wants to join. */
export interface FoundChannel {
  readonly channel: Channel;
  /** What the user may do there. */
  readonly permissions: PermissionMask;
}

interface Wish {
  readonly userId: UserId;
  readonly channelId: ChannelId;
  readonly resolve: (found: FoundChannel | undefined) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Looks up what a join is about. All who come to an organization while one look is under way share the next: a thousand
 * joins at once cost the database a few statements. Each look begins after it was asked for, so nothing is stale.
 */
export class JoinLookup {
  readonly #channels: ChannelService;
  readonly #permissions: PermissionService;
  /** Who waits for the next look, for each organization at which one is under way. */
  readonly #waiting = new Map<OrganizationId, Wish[]>();

  constructor(channels: ChannelService, permissions: PermissionService) {
    this.#channels = channels;
    this.#permissions = permissions;
  }

  /** The channel of the organization, or undefined where it has none of this id or the user is not of it. Whoever asks has made sure that it is the user's own session. */
  find(organizationId: OrganizationId, userId: UserId, channelId: ChannelId): Promise<FoundChannel | undefined> {
    return new Promise((resolve, reject) => {
      const wish = { userId, channelId, resolve, reject };
      const waiting = this.#waiting.get(organizationId);
      if (waiting !== undefined) {
        waiting.push(wish);
        return;
      }
      this.#waiting.set(organizationId, [wish]);
      this.#work(organizationId);
    });
  }

  async #work(organizationId: OrganizationId): Promise<void> {
    for (let wishes = this.#take(organizationId); wishes.length > 0; wishes = this.#take(organizationId)) {
      try {
        await this.#grant(organizationId, wishes);
      } catch (error) {
        for (const { reject } of wishes) reject(error);
      }
    }
    this.#waiting.delete(organizationId);
  }

  #take(organizationId: OrganizationId): readonly Wish[] {
    return this.#waiting.get(organizationId)?.splice(0) ?? [];
  }

  async #grant(organizationId: OrganizationId, wishes: readonly Wish[]): Promise<void> {
    const ctx = systemContext('join');
    const channelIds = [...new Set(wishes.map(({ channelId }) => channelId))];
    const userIds = [...new Set(wishes.map(({ userId }) => userId))];
    const [channels, { policy, subjects }] = await Promise.all([
      this.#channels.getMany(ctx, channelIds),
      this.#permissions.policyOf(ctx, organizationId, userIds),
    ]);
    const found = new Map(
      channels.flatMap((channel) => (channel === undefined ? [] : [[channel.id, channel] as const])),
    );
    for (const { userId, channelId, resolve } of wishes) {
      const channel = found.get(channelId);
      const subject = subjects.get(userId);
      const isHere = channel?.organizationId === organizationId && subject !== undefined;
      const permissions = isHere ? effectivePermissions(policy, subject, channelId) : NO_PERMISSIONS;
      resolve(isHere ? { channel, permissions } : undefined);
    }
  }
}
