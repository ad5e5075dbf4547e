import type { Database } from '../database/database.js';
import { AppError, notFound } from '../errors.js';
import type { PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import type { ClusterNode } from './cluster-node.js';

/** What looks after nodes. */
export interface ClusterControl {
  /** This node and all others that live, by name. */
  readonly all: readonly ClusterNode[];
  readonly self: ClusterNode;
  /** Lets a node take no new sessions and move those that it has, or take new ones again. Throws UNAVAILABLE. */
  setDraining(nodeId: string, isDraining: boolean): Promise<void>;
}

/** Shows the nodes of a cluster to platform admins, and lets them drain one. */
export class ClusterService {
  readonly #database: Database;
  readonly #permissions: PermissionService;
  /** Null where there is one process alone. */
  readonly #control: ClusterControl | null;

  constructor(database: Database, permissions: PermissionService, control: ClusterControl | null) {
    this.#database = database;
    this.#permissions = permissions;
    this.#control = control;
  }

  /** The nodes that live, by name; none where there is one process alone. */
  nodes(ctx: RequestContext): readonly ClusterNode[] {
    this.#permissions.requirePlatformAdmin(ctx);
    return this.#control?.all ?? [];
  }

  /** Lets a node (this one where it is null) take no new sessions and move those that it has to others, or take new ones again. Throws NOT_FOUND, CONFLICT where no other node is open, and UNAVAILABLE. */
  async setDraining(ctx: RequestContext, nodeId: string | null, isDraining: boolean): Promise<ClusterNode> {
    this.#permissions.requirePlatformAdmin(ctx);
    const control = this.#control;
    const id = nodeId ?? control?.self.id;
    const node = control?.all.find((each) => each.id === id);
    if (control === null || node === undefined) throw notFound('node');
    const isLast = !control.all.some((each) => each.id !== node.id && !each.draining && each.voice !== null);
    if (isDraining && isLast) {
      throw new AppError('CONFLICT', 'No other node is open: the sessions of this one would have nowhere to go.');
    }
    await this.#database.write(ctx, async ({ record }) => {
      const action = isDraining ? 'node_drained' : 'node_opened';
      record({ organizationId: null, action, target: { type: 'node', id: null }, after: { name: node.name } });
    });
    await control.setDraining(node.id, isDraining);
    return { ...node, draining: isDraining };
  }
}
