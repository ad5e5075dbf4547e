import { Migration } from '@mikro-orm/migrations';

export class Migration20261124181647_recording extends Migration {
  override name = 'Migration20261124181647_recording';

  override up(): void | Promise<void> {
    this.addSql(`alter table "organizations" add "recording_allowed" boolean not null default true;`);
  }

  override down(): void | Promise<void> {
    this.addSql(`alter table "organizations" drop column "recording_allowed";`);
  }
}
