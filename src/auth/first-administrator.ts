import type { Database } from '../database/database.js';
import { ALL_PERMISSIONS, Permission } from '../permissions/bits.js';
import { systemContext } from '../request-context.js';
import { Role } from '../roles/role.entity.js';
import { UserRole } from '../roles/user-role.entity.js';
import { comparisonKey, toPassword } from '../text-rules.js';
import { User } from '../users/user.entity.js';
import type { PasswordHasher } from './password-hasher.js';
import { randomPassword } from './random-secret.js';

const USERNAME = 'admin';
const ROLE = 'platform admin';

/** Serializes first starts on one database. The number is arbitrary, and ours alone. */
const ADVISORY_LOCK = 7_242_001;

export interface FirstAdministrator {
  readonly username: string;
  /** The password that was made up just now, to be shown once; null where one was given, or an administrator was there already. */
  readonly password: string | null;
  /** False where an administrator was there already. */
  readonly isNew: boolean;
}

/** Makes the first platform admin where there is none. Throws INVALID_INPUT where the given password is too short or too long. */
export async function ensureFirstAdministrator(
  database: Database,
  hasher: PasswordHasher,
  givenPassword: string | undefined,
): Promise<FirstAdministrator> {
  const ctx = systemContext('first-administrator');
  const exists = await database.read(ctx, async (em) => {
    const managers = await em.find(Role, { organizationId: null });
    const roleIds = managers.filter(({ permissions }) => (permissions & Permission.MANAGE) !== 0).map(({ id }) => id);
    return roleIds.length > 0 && (await em.count(UserRole, { roleId: { $in: roleIds } })) > 0;
  });
  if (exists) return { username: USERNAME, password: null, isNew: false };
  const password =
    givenPassword === undefined ? randomPassword() : toPassword(givenPassword, ['PARLEY_ADMIN_PASSWORD']);
  const passwordHash = await hasher.hash(password);
  const made = await database.write(ctx, async ({ em }) => {
    await em.execute('select pg_advisory_xact_lock(?)', [ADVISORY_LOCK]);
    if ((await em.count(User, { organizationId: null, username: USERNAME })) > 0) return false;
    const user = em.create(User, {
      organizationId: null,
      username: USERNAME,
      usernameKey: comparisonKey(USERNAME),
      passwordHash,
    });
    const role = em.create(Role, { organizationId: null, name: ROLE, permissions: ALL_PERMISSIONS });
    await em.persist([user, role]).flush();
    em.persist(em.create(UserRole, { userId: user.id, roleId: role.id }));
    return true;
  });
  return { username: USERNAME, password: made && givenPassword === undefined ? password : null, isNew: made };
}
