import { Migration } from '@mikro-orm/migrations';

export class Migration20261124231705_certificates extends Migration {
  override name = 'Migration20261124231705_certificates';

  override up(): void | Promise<void> {
    this.addSql(
      `create table "client_certificates" ("id" serial primary key, "user_id" int not null, "fingerprint" varchar(64) not null, "created_at" timestamp not null default now(), "last_used_at" timestamp null);`,
    );
    this.addSql(
      `alter table "client_certificates" add constraint "client_certificates_user_id_fingerprint_unique" unique ("user_id", "fingerprint");`,
    );

    this.addSql(
      `alter table "client_certificates" add constraint "client_certificates_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;`,
    );
  }

  override down(): void | Promise<void> {
    this.addSql(`drop table if exists "client_certificates" cascade;`);
  }
}
