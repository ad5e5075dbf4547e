import { randomPassword } from '../auth/random-secret.js';
import type { BanService } from '../bans/ban.service.js';
import type { ClientCertificateService } from '../certificates/client-certificate.service.js';
import type { ChannelService } from '../channels/channel.service.js';
import type { ChannelAclService } from '../channels/channel-acl.service.js';
import type { Database } from '../database/database.js';
import { AppError, notFound } from '../errors.js';
import { everyItem } from '../every-item.js';
import type { ChannelId, OrganizationId, RoleId, UserId } from '../ids.js';
import { MEMBER_ROLE, type OrganizationService } from '../organizations/organization.service.js';
import { type RequestContext, systemContext } from '../request-context.js';
import type { Role } from '../roles/role.entity.js';
import type { RoleService } from '../roles/role.service.js';
import { comparisonKey } from '../text-rules.js';
import type { UserService } from '../users/user.service.js';
import {
  type ImportPlan,
  MEMBERS,
  type PlannedChannel,
  type PlannedRole,
  type PlannedUser,
  planImport,
} from './import-plan.js';
import type { MurmurData } from './murmur-data.js';

/** What an import goes through: the services, so that what it makes is what they would let anybody make. */
export interface ImportServices {
  readonly organizations: OrganizationService;
  readonly users: UserService;
  readonly roles: RoleService;
  readonly channels: ChannelService;
  readonly acl: ChannelAclService;
  readonly bans: BanService;
  readonly certificates: ClientCertificateService;
}

export interface ImportRequest {
  readonly organizationTag: string;
  /** Whether all is taken back in the end: it is done, so that what would be refused is refused. */
  readonly isDryRun: boolean;
  readonly maxUsersPerChannel: number;
}

/** What has come to be, and what has no counterpart. */
export interface ImportReport {
  readonly channels: number;
  readonly users: number;
  readonly certificates: number;
  readonly roles: number;
  readonly acls: number;
  readonly bans: number;
  readonly leftOut: readonly string[];
}

/** Brings the channels, users, groups, ACLs and bans of a Mumble server into an organization, all or nothing. */
export class MumbleImport {
  readonly #database: Database;
  readonly #services: ImportServices;
  readonly #ctx: RequestContext = systemContext('import-mumble');

  constructor(database: Database, services: ImportServices) {
    this.#database = database;
    this.#services = services;
  }

  /** Throws what the services refuse, with what it is about: also where something is there already, as after an import before. Then nothing was changed. */
  async run(data: MurmurData, { organizationTag, isDryRun, maxUsersPerChannel }: ImportRequest): Promise<ImportReport> {
    const { organizations, roles } = this.#services;
    const { id } = await organizations.getByTag(this.#ctx, organizationTag);
    const present = await everyItem((page) => roles.list(this.#ctx, id, page));
    const member = present.find(({ name }) => name === MEMBER_ROLE);
    if (member === undefined) throw notFound(`role "${MEMBER_ROLE}"`);
    const options = { memberPermissions: member.permissions, maxUsersPerChannel, now: new Date() };
    const plan = planImport(data, options);
    return this.#database.together(async () => {
      const report = await this.#carryOut(id, plan, present, member);
      return { result: report, isKept: !isDryRun };
    });
  }

  async #carryOut(id: OrganizationId, plan: ImportPlan, present: readonly Role[], member: Role): Promise<ImportReport> {
    const leftOut = [...plan.leftOut];
    const users = await this.#makeUsers(id, plan.users);
    const roles = await this.#makeRoles(id, plan.roles, present, users);
    await this.#makeChannels(id, plan.channels, new Map([...roles, [MEMBERS, member.id]]));
    let bans = 0;
    for (const ban of plan.bans) {
      const userId = ban.userId === null ? undefined : users.get(ban.userId);
      const shown = ban.addressRange ?? 'a user';
      try {
        await this.#services.bans.create(this.#ctx, id, {
          ...ban,
          userId,
          addressRange: ban.addressRange ?? undefined,
        });
        bans += 1;
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'INVALID_INPUT') throw error;
        leftOut.push(`The ban of ${shown}: ${error.message}`);
      }
    }
    return {
      channels: plan.channels.length,
      users: users.size,
      certificates: plan.users.filter(({ certificateHash }) => certificateHash !== null).length,
      roles: roles.size,
      acls: plan.channels.filter(({ acl }) => acl !== null).length,
      bans,
      leftOut,
    };
  }

  /** Their passwords are known to nobody: they come by their certificates, or get another password. */
  async #makeUsers(id: OrganizationId, planned: readonly PlannedUser[]): Promise<ReadonlyMap<number, UserId>> {
    const made = new Map<number, UserId>();
    for (const { id: number, name, email, certificateHash } of planned) {
      await about(`The user "${name}"`, async () => {
        const input = { username: name, password: randomPassword(), email: email ?? undefined };
        const user = await this.#services.users.create(this.#ctx, id, input);
        if (certificateHash !== null) await this.#services.certificates.adopt(this.#ctx, user.id, certificateHash);
        made.set(number, user.id);
      });
    }
    return made;
  }

  /** A group whose name a role has becomes that role where it holds the same, and one of another name where not. */
  async #makeRoles(
    id: OrganizationId,
    planned: readonly PlannedRole[],
    present: readonly Role[],
    users: ReadonlyMap<number, UserId>,
  ): Promise<ReadonlyMap<string, RoleId>> {
    const made = new Map<string, RoleId>();
    for (const { group, permissions, members } of planned) {
      await about(`The group "${group}"`, async () => {
        const same = present.find(({ name }) => comparisonKey(name) === comparisonKey(group));
        const name = same === undefined ? group : `${group} (Mumble)`;
        const role =
          same?.permissions === permissions
            ? same
            : await this.#services.roles.create(this.#ctx, id, { name, permissions });
        made.set(group, role.id);
        for (const member of members) {
          const userId = users.get(member);
          if (userId !== undefined) await this.#services.roles.assign(this.#ctx, role.id, userId);
        }
      });
    }
    return made;
  }

  async #makeChannels(
    id: OrganizationId,
    planned: readonly PlannedChannel[],
    roles: ReadonlyMap<string, RoleId>,
  ): Promise<void> {
    const made = new Map<number, ChannelId>();
    for (const { id: number, parentId, name, description, position, maxUsers, password, acl } of planned) {
      await about(`The channel "${name}"`, async () => {
        const channel = await this.#services.channels.create(this.#ctx, id, {
          ...{ name, description, position, maxUsers },
          parentId: parentId === null ? undefined : made.get(parentId),
          password: password ?? undefined,
        });
        made.set(number, channel.id);
        const masks = [...(acl ?? [])].flatMap(([group, mask]) => {
          const roleId = roles.get(group);
          return roleId === undefined ? [] : [[roleId, mask] as const];
        });
        if (acl !== null) await this.#services.acl.replaceEntries(this.#ctx, channel.id, new Map(masks));
      });
    }
  }
}

/** Says of a refusal what it is about. */
async function about(what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'refusal') throw error;
    throw new AppError(error.code, `${what} cannot be imported: ${error.message} Nothing was changed.`, {
      cause: error,
    });
  }
}
