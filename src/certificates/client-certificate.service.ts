import type { AuditSnapshot } from '../audit/audit-record.js';
import type { Database } from '../database/database.js';
import { pagesOfLists } from '../database/list-pages.js';
import { AppError, notFound } from '../errors.js';
import type { CertificateId, OrganizationId, UserId } from '../ids.js';
import { EMPTY_PAGE, type Page, type PageRequest } from '../pagination.js';
import { denied, type PermissionService } from '../permissions/permission.service.js';
import type { RequestContext } from '../request-context.js';
import { refusalsToManage } from '../users/refusals-to-manage.js';
import { User } from '../users/user.entity.js';
import type { CertificateFingerprints } from './certificate-fingerprints.js';
import { ClientCertificate } from './client-certificate.entity.js';

/** Certificates that one user can have: one for each device. */
const MAX_CERTIFICATES = 20;

/** Client certificates: bound by their user at a login, and seen and removed by the user and by whoever manages them. */
export class ClientCertificateService {
  readonly #database: Database;
  readonly #permissions: PermissionService;

  constructor(database: Database, permissions: PermissionService) {
    this.#database = database;
    this.#permissions = permissions;
  }

  /** The certificates of a user: of oneself, or with MANAGE of another. */
  async list(ctx: RequestContext, userId: UserId, page: PageRequest): Promise<Page<ClientCertificate>> {
    const certificates = (await this.listOfMany(ctx, [userId], page)).get(userId) ?? EMPTY_PAGE;
    if (certificates instanceof AppError) throw certificates;
    return certificates;
  }

  /** The certificates of each of these users, or the refusal where the actor may not see them. */
  async listOfMany(
    ctx: RequestContext,
    userIds: readonly UserId[],
    page: PageRequest,
  ): Promise<ReadonlyMap<UserId, Page<ClientCertificate> | AppError>> {
    this.#permissions.requireLogin(ctx);
    return this.#database.read(ctx, async (em) => {
      const refusals = await refusalsToManage(ctx, em, this.#permissions, userIds);
      const pages = await pagesOfLists(em, ClientCertificate, {
        column: 'user_id',
        keyOf: ({ userId }) => userId,
        keys: userIds.filter((id) => !refusals.has(id)),
        page,
      });
      return new Map<UserId, Page<ClientCertificate> | AppError>([...pages, ...refusals]);
    });
  }

  /** The user of the organization to whom a certificate with this fingerprint is bound. Needs MANAGE. */
  async ownerOf(ctx: RequestContext, organizationId: OrganizationId, fingerprint: string): Promise<UserId | undefined> {
    return this.#database.read(ctx, async (em) => {
      await this.#permissions.requireManage(ctx, em, organizationId, 'organization');
      const found = await em.find(ClientCertificate, { fingerprint });
      const owner = await em.findOne(User, { id: { $in: found.map(({ userId }) => userId) }, organizationId });
      return owner?.id;
    });
  }

  /** The actor has shown this certificate and the password: from now on the certificate will do. Throws QUOTA_EXCEEDED. */
  async bind(ctx: RequestContext, { sha256 }: CertificateFingerprints): Promise<void> {
    const { actor } = ctx;
    this.#permissions.requireLogin(ctx);
    if (actor.kind !== 'user' || actor.scopes !== null)
      throw denied('Only who knows the password binds a certificate.');
    const { userId, organizationId } = actor;
    if (organizationId === null) throw denied('Users of the platform have no voice client.');
    await this.#database.write(ctx, async ({ em, record }) => {
      await em.execute('select id from users where id = ? for update', [userId]);
      const present = await em.find(ClientCertificate, { userId });
      if (present.some(({ fingerprint }) => fingerprint === sha256)) return;
      if (present.length >= MAX_CERTIFICATES) {
        throw new AppError('QUOTA_EXCEEDED', `You have ${MAX_CERTIFICATES} certificates: remove one of them.`, {
          params: { quota: 'certificates', max: MAX_CERTIFICATES },
        });
      }
      const bound = em.create(ClientCertificate, { userId, fingerprint: sha256, lastUsedAt: null });
      await em.persist(bound).flush();
      const target = { type: 'certificate' as const, id: bound.id };
      record({ organizationId, action: 'certificate_bound', target, after: snapshotOf(bound) });
    });
  }

  /** Binds a certificate that was bound to this user elsewhere. For the server itself. */
  async adopt(ctx: RequestContext, userId: UserId, fingerprint: string): Promise<void> {
    if (ctx.actor.kind !== 'system') throw denied('Users bind their certificates themselves.');
    await this.#database.write(ctx, async ({ em, record }) => {
      const { organizationId } = await em.findOneOrFail(User, { id: userId });
      const bound = em.create(ClientCertificate, { userId, fingerprint, lastUsedAt: null });
      await em.persist(bound).flush();
      const target = { type: 'certificate' as const, id: bound.id };
      record({ organizationId, action: 'certificate_bound', target, after: snapshotOf(bound) });
    });
  }

  /** The certificate logs nobody in any more, and the voice session of its user ends. One's own, or with MANAGE another's. */
  async remove(ctx: RequestContext, id: CertificateId): Promise<void> {
    this.#permissions.requireLogin(ctx);
    await this.#database.write(ctx, async ({ em, publish, record }) => {
      const certificate = await em.findOne(ClientCertificate, { id });
      if (certificate === null) throw notFound('certificate');
      const { userId } = certificate;
      const { organizationId } = await em.findOneOrFail(User, { id: userId });
      if (!isSelf(ctx, userId)) await this.#permissions.requireManage(ctx, em, organizationId, 'certificate');
      await em.nativeDelete(ClientCertificate, { id });
      const target = { type: 'certificate' as const, id };
      record({ organizationId, action: 'certificate_removed', target, before: snapshotOf(certificate) });
      if (organizationId !== null) publish({ type: 'user_credentials_changed', organizationId, userId });
    });
  }
}

function isSelf({ actor }: RequestContext, userId: UserId): boolean {
  return actor.kind === 'user' && actor.userId === userId;
}

function snapshotOf({ userId, fingerprint }: ClientCertificate): AuditSnapshot {
  return { userId, fingerprint };
}
