import { Migration } from '@mikro-orm/migrations';

export class Migration20261124160657_initial extends Migration {
  override name = 'Migration20261124160657_initial';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "organizations" ("id" serial primary key, "name" varchar(255) not null, "tag" varchar(16) not null, "owner_id" int null, "created_at" timestamp null default now(), "max_users" int null default 100, "max_channels" int null default 50, "version" int not null default 1);`,
    );
    this.addSql(`alter table "organizations" add constraint "organizations_tag_unique" unique ("tag");`);
    this.addSql(`create unique index "organizations_tag_key_unique" on "organizations" (lower("tag"));`);

    this.addSql(
      `create table "channels" ("id" serial primary key, "org_id" int null, "parent_id" int null, "name" varchar(255) not null, "name_key" text not null, "description" text null, "password_hash" varchar(255) null, "max_users" int null default 0, "created_at" timestamp null default now(), "position" int not null default 0, "version" int not null default 1);`,
    );
    this.addSql(`create index "channels_parent_id_index" on "channels" ("parent_id");`);
    this.addSql(
      `create unique index "channels_sibling_name_key_unique" on "channels" ("org_id", coalesce("parent_id", 0), "name_key");`,
    );

    this.addSql(
      `create table "roles" ("id" serial primary key, "org_id" int null, "name" varchar(64) not null, "permissions" int not null, "version" int not null default 1);`,
    );
    this.addSql(`create unique index "roles_platform_name_unique" on "roles" ("name") where "org_id" is null;`);
    this.addSql(`alter table "roles" add constraint "roles_org_id_name_unique" unique ("org_id", "name");`);

    this.addSql(
      `create table "channel_acl" ("channel_id" int not null, "role_id" int not null, "permissions" int not null, primary key ("channel_id", "role_id"));`,
    );
    this.addSql(`create index "channel_acl_role_id_index" on "channel_acl" ("role_id");`);

    this.addSql(
      `create table "users" ("id" serial primary key, "org_id" int null, "username" varchar(64) not null, "username_key" text not null, "email" varchar(255) null, "password_hash" varchar(255) null, "created_at" timestamp null default now(), "token_version" int not null default 0, "version" int not null default 1);`,
    );
    this.addSql(
      `create unique index "users_platform_username_key_unique" on "users" ("username_key") where "org_id" is null;`,
    );
    this.addSql(
      `alter table "users" add constraint "users_org_id_username_key_unique" unique ("org_id", "username_key");`,
    );
    this.addSql(`alter table "users" add constraint "users_org_id_username_unique" unique ("org_id", "username");`);

    this.addSql(
      `create table "refresh_tokens" ("id" serial primary key, "user_id" int not null, "family_id" uuid not null, "token_hash" varchar(64) not null, "created_at" timestamp not null default now(), "expires_at" timestamp not null, "used_at" timestamp null, "revoked_at" timestamp null);`,
    );
    this.addSql(`create index "refresh_tokens_user_id_index" on "refresh_tokens" ("user_id");`);
    this.addSql(`create index "refresh_tokens_family_id_index" on "refresh_tokens" ("family_id");`);
    this.addSql(
      `alter table "refresh_tokens" add constraint "refresh_tokens_token_hash_unique" unique ("token_hash");`,
    );

    this.addSql(
      `create table "user_roles" ("user_id" int not null, "role_id" int not null, primary key ("user_id", "role_id"));`,
    );
    this.addSql(`create index "user_roles_role_id_index" on "user_roles" ("role_id");`);

    this.addSql(
      `alter table "channels" add constraint "channels_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete no action;`,
    );
    this.addSql(
      `alter table "channels" add constraint "channels_parent_id_foreign" foreign key ("parent_id") references "channels" ("id") on update no action on delete no action;`,
    );

    this.addSql(
      `alter table "roles" add constraint "roles_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete no action;`,
    );

    this.addSql(
      `alter table "channel_acl" add constraint "channel_acl_channel_id_foreign" foreign key ("channel_id") references "channels" ("id") on update no action on delete no action;`,
    );
    this.addSql(
      `alter table "channel_acl" add constraint "channel_acl_role_id_foreign" foreign key ("role_id") references "roles" ("id") on update no action on delete no action;`,
    );

    this.addSql(
      `alter table "users" add constraint "users_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete no action;`,
    );

    this.addSql(
      `alter table "refresh_tokens" add constraint "refresh_tokens_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;`,
    );

    this.addSql(
      `alter table "user_roles" add constraint "user_roles_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete no action;`,
    );
    this.addSql(
      `alter table "user_roles" add constraint "user_roles_role_id_foreign" foreign key ("role_id") references "roles" ("id") on update no action on delete no action;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "channels" drop constraint "channels_org_id_foreign";`);
    this.addSql(`alter table "roles" drop constraint "roles_org_id_foreign";`);
    this.addSql(`alter table "users" drop constraint "users_org_id_foreign";`);
    this.addSql(`alter table "channels" drop constraint "channels_parent_id_foreign";`);
    this.addSql(`alter table "channel_acl" drop constraint "channel_acl_channel_id_foreign";`);
    this.addSql(`alter table "channel_acl" drop constraint "channel_acl_role_id_foreign";`);
    this.addSql(`alter table "user_roles" drop constraint "user_roles_role_id_foreign";`);
    this.addSql(`alter table "refresh_tokens" drop constraint "refresh_tokens_user_id_foreign";`);
    this.addSql(`alter table "user_roles" drop constraint "user_roles_user_id_foreign";`);

    this.addSql(`drop table if exists "organizations" cascade;`);
    this.addSql(`drop table if exists "channels" cascade;`);
    this.addSql(`drop table if exists "roles" cascade;`);
    this.addSql(`drop table if exists "channel_acl" cascade;`);
    this.addSql(`drop table if exists "users" cascade;`);
    this.addSql(`drop table if exists "refresh_tokens" cascade;`);
    this.addSql(`drop table if exists "user_roles" cascade;`);
  }
}
