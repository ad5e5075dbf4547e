import { type OptionalProps } from '@mikro-orm/core';
import { Entity, Index, ManyToOne, PrimaryKey, Property, Unique } from '@mikro-orm/decorators/legacy';
import { Field, ID, Int, ObjectType } from 'type-graphql';
import type { OrganizationId, RoleId } from '../ids.js';
import { Organization } from '../organizations/organization.entity.js';
import type { PermissionMask } from '../permissions/bits.js';

/** A named set of permissions that users of an organization hold. */
@ObjectType({ description: 'A named set of permissions that users of an organization hold.', simpleResolvers: true })
@Entity({ tableName: 'roles' })
@Unique({ properties: ['organizationId', 'name'] })
@Index({
  name: 'roles_platform_name_unique',
  expression: 'create unique index "roles_platform_name_unique" on "roles" ("name") where "org_id" is null',
})
export class Role {
  declare [OptionalProps]?: 'version';

  @Field(() => ID, { description: 'The same number everywhere: GraphQL, REST, the voice protocol.' })
  @PrimaryKey({ type: 'integer', autoincrement: true })
  declare id: RoleId;

  /** Null for a role of the platform. */
  @ManyToOne(() => Organization, {
    mapToPk: true,
    fieldName: 'org_id',
    nullable: true,
    updateRule: 'no action',
    deleteRule: 'no action',
  })
  declare organizationId: OrganizationId | null;

  @Field(() => String, { description: 'Unique in the organization.' })
  @Property({ type: 'string', length: 64 })
  declare name: string;

  @Property({ type: 'integer' })
  declare permissions: PermissionMask;

  /** Counts up with each edit, from 1: the answer to `expectedVersion`. */
  @Field(() => Int, { description: 'Counts up with each edit: for `expectedVersion`.' })
  @Property({ type: 'integer', version: true, default: 1 })
  declare version: number;
}
