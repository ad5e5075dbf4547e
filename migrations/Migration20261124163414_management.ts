import { Migration } from '@mikro-orm/migrations';

export class Migration20261124163414_management extends Migration {
  override name = 'Migration20261124163414_management';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "audit_entries" ("id" serial primary key, "org_id" int null, "actor_id" int null, "actor_name" varchar(64) null, "door" varchar(16) not null, "action" varchar(64) not null, "target_type" varchar(32) not null, "target_id" bigint null, "before" jsonb null, "after" jsonb null, "reason" varchar(512) null, "request_id" varchar(64) not null, "created_at" timestamp not null default now());`,
    );
    this.addSql(`create index "audit_entries_created_at_index" on "audit_entries" ("created_at");`);
    this.addSql(`create index "audit_entries_org_id_id_index" on "audit_entries" ("org_id", "id");`);

    this.addSql(
      `create table "idempotency_keys" ("actor_id" int not null, "key" varchar(128) not null, "operation" varchar(64) not null, "request_hash" varchar(64) not null, "result_id" int not null, "created_at" timestamp not null default now(), primary key ("actor_id", "key"));`,
    );
    this.addSql(`create index "idempotency_keys_created_at_index" on "idempotency_keys" ("created_at");`);

    this.addSql(
      `create table "invitations" ("id" serial primary key, "org_id" int not null, "code_hash" varchar(64) not null, "role_ids" int[] not null, "channel_id" int null, "max_uses" int null, "uses" int not null default 0, "created_by" int null, "created_at" timestamp not null default now(), "expires_at" timestamp not null);`,
    );
    this.addSql(`alter table "invitations" add constraint "invitations_code_hash_unique" unique ("code_hash");`);
    this.addSql(`create index "invitations_org_id_index" on "invitations" ("org_id");`);

    this.addSql(
      `create table "bans" ("id" serial primary key, "org_id" int not null, "user_id" int null, "address_range" cidr null, "reason" varchar(512) null, "issued_by" int null, "created_at" timestamp not null default now(), "expires_at" timestamp null);`,
    );
    this.addSql(`create index "bans_org_id_index" on "bans" ("org_id");`);

    this.addSql(
      `create table "api_keys" ("id" serial primary key, "user_id" int not null, "name" varchar(64) not null, "key_hash" varchar(64) not null, "key_prefix" varchar(16) not null, "scopes" text[] not null, "created_at" timestamp not null default now(), "expires_at" timestamp null, "last_used_at" timestamp null);`,
    );
    this.addSql(`create index "api_keys_user_id_index" on "api_keys" ("user_id");`);
    this.addSql(`alter table "api_keys" add constraint "api_keys_key_hash_unique" unique ("key_hash");`);

    this.addSql(
      `alter table "invitations" add constraint "invitations_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete cascade;`,
    );
    this.addSql(
      `alter table "invitations" add constraint "invitations_channel_id_foreign" foreign key ("channel_id") references "channels" ("id") on update no action on delete set null;`,
    );

    this.addSql(
      `alter table "bans" add constraint "bans_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete cascade;`,
    );
    this.addSql(
      `alter table "bans" add constraint "bans_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;`,
    );

    this.addSql(
      `alter table "api_keys" add constraint "api_keys_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "audit_entries" cascade;`);
    this.addSql(`drop table if exists "idempotency_keys" cascade;`);
    this.addSql(`drop table if exists "invitations" cascade;`);
    this.addSql(`drop table if exists "bans" cascade;`);
    this.addSql(`drop table if exists "api_keys" cascade;`);
  }
}
