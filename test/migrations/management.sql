-- A database as the version before `recording` has left it, with two organizations. Frozen: never changed, only joined by later ones.
create table "migrations" ("id" serial primary key, "name" varchar(255), "executed_at" timestamptz default current_timestamp);

-- Migration20261124160657_initial
create table "organizations" ("id" serial primary key, "name" varchar(255) not null, "tag" varchar(16) not null, "owner_id" int null, "created_at" timestamp null default now(), "max_users" int null default 100, "max_channels" int null default 50, "version" int not null default 1);
alter table "organizations" add constraint "organizations_tag_unique" unique ("tag");
create unique index "organizations_tag_key_unique" on "organizations" (lower("tag"));
create table "channels" ("id" serial primary key, "org_id" int null, "parent_id" int null, "name" varchar(255) not null, "name_key" text not null, "description" text null, "password_hash" varchar(255) null, "max_users" int null default 0, "created_at" timestamp null default now(), "position" int not null default 0, "version" int not null default 1);
create index "channels_parent_id_index" on "channels" ("parent_id");
create unique index "channels_sibling_name_key_unique" on "channels" ("org_id", coalesce("parent_id", 0), "name_key");
create table "roles" ("id" serial primary key, "org_id" int null, "name" varchar(64) not null, "permissions" int not null, "version" int not null default 1);
create unique index "roles_platform_name_unique" on "roles" ("name") where "org_id" is null;
alter table "roles" add constraint "roles_org_id_name_unique" unique ("org_id", "name");
create table "channel_acl" ("channel_id" int not null, "role_id" int not null, "permissions" int not null, primary key ("channel_id", "role_id"));
create index "channel_acl_role_id_index" on "channel_acl" ("role_id");
create table "users" ("id" serial primary key, "org_id" int null, "username" varchar(64) not null, "username_key" text not null, "email" varchar(255) null, "password_hash" varchar(255) null, "created_at" timestamp null default now(), "token_version" int not null default 0, "version" int not null default 1);
create unique index "users_platform_username_key_unique" on "users" ("username_key") where "org_id" is null;
alter table "users" add constraint "users_org_id_username_key_unique" unique ("org_id", "username_key");
alter table "users" add constraint "users_org_id_username_unique" unique ("org_id", "username");
create table "refresh_tokens" ("id" serial primary key, "user_id" int not null, "family_id" uuid not null, "token_hash" varchar(64) not null, "created_at" timestamp not null default now(), "expires_at" timestamp not null, "used_at" timestamp null, "revoked_at" timestamp null);
create index "refresh_tokens_user_id_index" on "refresh_tokens" ("user_id");
create index "refresh_tokens_family_id_index" on "refresh_tokens" ("family_id");
alter table "refresh_tokens" add constraint "refresh_tokens_token_hash_unique" unique ("token_hash");
create table "user_roles" ("user_id" int not null, "role_id" int not null, primary key ("user_id", "role_id"));
create index "user_roles_role_id_index" on "user_roles" ("role_id");
alter table "channels" add constraint "channels_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete no action;
alter table "channels" add constraint "channels_parent_id_foreign" foreign key ("parent_id") references "channels" ("id") on update no action on delete no action;
alter table "roles" add constraint "roles_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete no action;
alter table "channel_acl" add constraint "channel_acl_channel_id_foreign" foreign key ("channel_id") references "channels" ("id") on update no action on delete no action;
alter table "channel_acl" add constraint "channel_acl_role_id_foreign" foreign key ("role_id") references "roles" ("id") on update no action on delete no action;
alter table "users" add constraint "users_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete no action;
alter table "refresh_tokens" add constraint "refresh_tokens_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;
alter table "user_roles" add constraint "user_roles_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete no action;
alter table "user_roles" add constraint "user_roles_role_id_foreign" foreign key ("role_id") references "roles" ("id") on update no action on delete no action;
insert into "migrations" ("name") values ('Migration20261124160657_initial');

-- Migration20261124163414_management
create table "audit_entries" ("id" serial primary key, "org_id" int null, "actor_id" int null, "actor_name" varchar(64) null, "door" varchar(16) not null, "action" varchar(64) not null, "target_type" varchar(32) not null, "target_id" bigint null, "before" jsonb null, "after" jsonb null, "reason" varchar(512) null, "request_id" varchar(64) not null, "created_at" timestamp not null default now());
create index "audit_entries_created_at_index" on "audit_entries" ("created_at");
create index "audit_entries_org_id_id_index" on "audit_entries" ("org_id", "id");
create table "idempotency_keys" ("actor_id" int not null, "key" varchar(128) not null, "operation" varchar(64) not null, "request_hash" varchar(64) not null, "result_id" int not null, "created_at" timestamp not null default now(), primary key ("actor_id", "key"));
create index "idempotency_keys_created_at_index" on "idempotency_keys" ("created_at");
create table "invitations" ("id" serial primary key, "org_id" int not null, "code_hash" varchar(64) not null, "role_ids" int[] not null, "channel_id" int null, "max_uses" int null, "uses" int not null default 0, "created_by" int null, "created_at" timestamp not null default now(), "expires_at" timestamp not null);
alter table "invitations" add constraint "invitations_code_hash_unique" unique ("code_hash");
create index "invitations_org_id_index" on "invitations" ("org_id");
create table "bans" ("id" serial primary key, "org_id" int not null, "user_id" int null, "address_range" cidr null, "reason" varchar(512) null, "issued_by" int null, "created_at" timestamp not null default now(), "expires_at" timestamp null);
create index "bans_org_id_index" on "bans" ("org_id");
create table "api_keys" ("id" serial primary key, "user_id" int not null, "name" varchar(64) not null, "key_hash" varchar(64) not null, "key_prefix" varchar(16) not null, "scopes" text[] not null, "created_at" timestamp not null default now(), "expires_at" timestamp null, "last_used_at" timestamp null);
create index "api_keys_user_id_index" on "api_keys" ("user_id");
alter table "api_keys" add constraint "api_keys_key_hash_unique" unique ("key_hash");
alter table "invitations" add constraint "invitations_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete cascade;
alter table "invitations" add constraint "invitations_channel_id_foreign" foreign key ("channel_id") references "channels" ("id") on update no action on delete set null;
alter table "bans" add constraint "bans_org_id_foreign" foreign key ("org_id") references "organizations" ("id") on update no action on delete cascade;
alter table "bans" add constraint "bans_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;
alter table "api_keys" add constraint "api_keys_user_id_foreign" foreign key ("user_id") references "users" ("id") on update no action on delete cascade;
insert into "migrations" ("name") values ('Migration20261124163414_management');

insert into "organizations" ("id", "name", "tag", "owner_id", "created_at", "max_users", "max_channels", "version") values ('1', 'Organization 1', 'org1', '2', '2026-11-24 23:22:31.493191', '100', '50', '2');
insert into "organizations" ("id", "name", "tag", "owner_id", "created_at", "max_users", "max_channels", "version") values ('2', 'Organization 2', 'org2', '5', '2026-11-24 23:22:33.760378', '100', '50', '2');
select setval('organizations_id_seq', (select max("id") from "organizations"));

insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('1', null, 'admin', 'admin', null, '$argon2id$v=19$m=19456,t=2,p=1$nBKHPjwVZOCbPgvhg6WcVQ$yHarDCMGK6ImLZCmxexvmV2WuqoYNWG4z+31fAwbShU', '2026-11-24 23:22:29.315435', '0', '1');
insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('2', '1', 'olga', 'olga', null, '$argon2id$v=19$m=19456,t=2,p=1$PXBNzF8S/cTj7/K4HRvUCg$1yc/E1g3OCLB+w22ksfWeL26ght+5TuqkURF5A8pl6g', '2026-11-24 23:22:31.493191', '0', '1');
insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('3', '1', 'mike', 'mike', null, '$argon2id$v=19$m=19456,t=2,p=1$+8Ed0ZvOUh/ettkQXpiCHA$rc87Eyx/CZuhuuXZu+8POzbqj/voC6vESVsvP2loCJA', '2026-11-24 23:22:31.573288', '0', '1');
insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('4', '1', 'Łukasz', 'łukasz', null, '$argon2id$v=19$m=19456,t=2,p=1$+Phm3E9d3PQdc5CmjBu6LQ$w0KyZ+KC2vyRDS4mLxmeIEWsgk8gHh8j4Z+8f5Q71tw', '2026-11-24 23:22:33.336216', '0', '1');
insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('5', '2', 'olga', 'olga', null, '$argon2id$v=19$m=19456,t=2,p=1$bYWPvmBTTm2+c7Q/JWv2eg$mfc2IX5WMLGS4AomNM0GryuValgdYNgtQtMun5xsZx0', '2026-11-24 23:22:33.760378', '0', '1');
insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('6', '2', 'mike', 'mike', null, '$argon2id$v=19$m=19456,t=2,p=1$FpMt7g4VXvSupwCXwMDNmQ$a5aYGMfF5E980iydNpvts30IMQkhfUg6jgOxtOl8VbM', '2026-11-24 23:22:34.03161', '0', '1');
insert into "users" ("id", "org_id", "username", "username_key", "email", "password_hash", "created_at", "token_version", "version") values ('7', '2', 'Łukasz', 'łukasz', null, '$argon2id$v=19$m=19456,t=2,p=1$a8EupY/VUpVZdXbrXnW4Dg$mkxf7kcb0iIwhIffy5EcX7pa0+6s73T+DMMOZlyoVtE', '2026-11-24 23:22:35.914864', '0', '1');
select setval('users_id_seq', (select max("id") from "users"));

insert into "roles" ("id", "org_id", "name", "permissions", "version") values ('1', null, 'platform admin', '15', '1');
insert into "roles" ("id", "org_id", "name", "permissions", "version") values ('2', '1', 'admin', '15', '1');
insert into "roles" ("id", "org_id", "name", "permissions", "version") values ('3', '1', 'member', '7', '1');
insert into "roles" ("id", "org_id", "name", "permissions", "version") values ('4', '2', 'admin', '15', '1');
insert into "roles" ("id", "org_id", "name", "permissions", "version") values ('5', '2', 'member', '7', '1');
select setval('roles_id_seq', (select max("id") from "roles"));

insert into "channels" ("id", "org_id", "parent_id", "name", "name_key", "description", "password_hash", "max_users", "created_at", "position", "version") values ('1', '1', null, 'Lobby', 'lobby', null, null, '0', '2026-11-24 23:22:31.493191', '0', '1');
insert into "channels" ("id", "org_id", "parent_id", "name", "name_key", "description", "password_hash", "max_users", "created_at", "position", "version") values ('3', '1', null, 'Jünger 🎲, "above"', 'jünger 🎲, "above"', null, '$argon2id$v=19$m=19456,t=2,p=1$YNfX4bkVFnPkEeQFWePFtA$iHtmqLBwpPbYgLPgYXua0oiD1yVzNiSWZcF1jnGzDrU', '0', '2026-11-24 23:22:32.601845', '0', '1');
insert into "channels" ("id", "org_id", "parent_id", "name", "name_key", "description", "password_hash", "max_users", "created_at", "position", "version") values ('2', '1', '3', 'Older, but below', 'older, but below', null, '$argon2id$v=19$m=19456,t=2,p=1$GppYULn1Q9t5XhrPIjIHyg$7rLbHaEKXR2hHqYDRsmiY/5HAIr10hS0uHGhvbs17D4', '0', '2026-11-24 23:22:32.015076', '0', '2');
insert into "channels" ("id", "org_id", "parent_id", "name", "name_key", "description", "password_hash", "max_users", "created_at", "position", "version") values ('4', '2', null, 'Lobby', 'lobby', null, null, '0', '2026-11-24 23:22:33.760378', '0', '1');
insert into "channels" ("id", "org_id", "parent_id", "name", "name_key", "description", "password_hash", "max_users", "created_at", "position", "version") values ('6', '2', null, 'Jünger 🎲, "above"', 'jünger 🎲, "above"', null, '$argon2id$v=19$m=19456,t=2,p=1$/GYpvqKodIKX9AWseC9VEg$yC5qeWXGURqBgf+MNGCHETXOn9NQgkoEASBj58hel/E', '0', '2026-11-24 23:22:34.678422', '0', '1');
insert into "channels" ("id", "org_id", "parent_id", "name", "name_key", "description", "password_hash", "max_users", "created_at", "position", "version") values ('5', '2', '6', 'Older, but below', 'older, but below', null, '$argon2id$v=19$m=19456,t=2,p=1$dnpmy/wnY3Wkj5rEAN6/8w$MwYTXEoSuVgjDSxMbnIcfSes7byEJ8VxlZy92oB3Yyc', '0', '2026-11-24 23:22:34.587612', '0', '2');
select setval('channels_id_seq', (select max("id") from "channels"));

insert into "user_roles" ("user_id", "role_id") values ('1', '1');
insert into "user_roles" ("user_id", "role_id") values ('2', '2');
insert into "user_roles" ("user_id", "role_id") values ('2', '3');
insert into "user_roles" ("user_id", "role_id") values ('3', '3');
insert into "user_roles" ("user_id", "role_id") values ('3', '2');
insert into "user_roles" ("user_id", "role_id") values ('4', '3');
insert into "user_roles" ("user_id", "role_id") values ('5', '4');
insert into "user_roles" ("user_id", "role_id") values ('5', '5');
insert into "user_roles" ("user_id", "role_id") values ('6', '5');
insert into "user_roles" ("user_id", "role_id") values ('6', '4');
insert into "user_roles" ("user_id", "role_id") values ('7', '5');

insert into "channel_acl" ("channel_id", "role_id", "permissions") values ('2', '3', '1');
insert into "channel_acl" ("channel_id", "role_id", "permissions") values ('5', '5', '1');

insert into "api_keys" ("id", "user_id", "name", "key_hash", "key_prefix", "scopes", "created_at", "expires_at", "last_used_at") values ('1', '2', 'a tool', '3531eb109ab647a6e95ad162c0d786ba27ec3aa14f7a61796eda0def38943d46', 'parley_-yszR', '{read}', '2026-11-24 23:22:33.694201', null, null);
insert into "api_keys" ("id", "user_id", "name", "key_hash", "key_prefix", "scopes", "created_at", "expires_at", "last_used_at") values ('2', '5', 'a tool', '419a763318be63fdcd6158a5af6760a6948d0c9c6055ef76cf2a536e1c22e113', 'parley_8pZ3B', '{read}', '2026-11-24 23:22:36.017363', null, null);
select setval('api_keys_id_seq', (select max("id") from "api_keys"));

insert into "invitations" ("id", "org_id", "code_hash", "role_ids", "channel_id", "max_uses", "uses", "created_by", "created_at", "expires_at") values ('1', '1', '891259044387cf0ea7541953c179938284aae663a94ff9f01c81fbbf401c8fc3', '{2,3}', '2', null, '0', '2', '2026-11-24 23:22:33.219363', '2026-12-01 23:22:33.239');
insert into "invitations" ("id", "org_id", "code_hash", "role_ids", "channel_id", "max_uses", "uses", "created_by", "created_at", "expires_at") values ('2', '2', '7b67f5feafda7dbc5851149dae6a93a1d8fe49f265cbe1109e26943211c421c1', '{4,5}', '5', null, '0', '5', '2026-11-24 23:22:35.446918', '2026-12-01 23:22:35.493');
select setval('invitations_id_seq', (select max("id") from "invitations"));

insert into "bans" ("id", "org_id", "user_id", "address_range", "reason", "issued_by", "created_at", "expires_at") values ('1', '1', '4', null, null, '2', '2026-11-24 23:22:33.40431', null);
insert into "bans" ("id", "org_id", "user_id", "address_range", "reason", "issued_by", "created_at", "expires_at") values ('2', '2', '7', null, null, '5', '2026-11-24 23:22:35.97743', null);
select setval('bans_id_seq', (select max("id") from "bans"));

insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('1', '1', '1', 'admin', 'graphql', 'organization_created', 'organization', '1', null, '{"tag": "org1", "name": "Organization 1", "ownerId": 2, "maxUsers": 100, "maxChannels": 50}', null, '93e9901b-0ee5-409d-af9e-171691836287', '2026-11-24 23:22:31.493191');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('10', '1', '2', 'olga', 'graphql', 'ban_created', 'ban', '1', null, '{"reason": null, "userId": 4, "expiresAt": null, "addressRange": null}', null, '98498c87-9541-4a58-8de1-0bcf428cef18', '2026-11-24 23:22:33.40431');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('11', '1', '2', 'olga', 'graphql', 'api_key_created', 'api_key', '1', null, '{"name": "a tool", "scopes": ["read"], "userId": 2, "expiresAt": null, "keyPrefix": "parley_-yszR"}', null, '40473699-1e98-452c-aef9-1be99996812a', '2026-11-24 23:22:33.694201');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('12', '2', '1', 'admin', 'graphql', 'organization_created', 'organization', '2', null, '{"tag": "org2", "name": "Organization 2", "ownerId": 5, "maxUsers": 100, "maxChannels": 50}', null, 'd152feea-1b45-42ee-b5c3-b055b9a19b25', '2026-11-24 23:22:33.760378');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('13', '2', '1', 'admin', 'graphql', 'user_created', 'user', '6', null, '{"email": null, "roleIds": [5], "username": "mike"}', null, '9c115dcc-8971-40a6-a7e9-c1b34d70844b', '2026-11-24 23:22:34.03161');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('14', '2', '5', 'olga', 'graphql', 'channel_created', 'channel', '5', null, '{"name": "Older, but below", "maxUsers": 0, "parentId": null, "position": 0, "description": null, "hasPassword": true}', null, '0c48bf0c-04b7-4e18-ac40-5eff1dd1d20a', '2026-11-24 23:22:34.587612');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('15', '2', '5', 'olga', 'graphql', 'channel_created', 'channel', '6', null, '{"name": "Jünger 🎲, \"above\"", "maxUsers": 0, "parentId": null, "position": 0, "description": null, "hasPassword": true}', null, '98eda2ba-05f7-49cb-83e8-651a9c29f4d2', '2026-11-24 23:22:34.678422');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('16', '2', '5', 'olga', 'graphql', 'channel_updated', 'channel', '5', '{"parentId": null}', '{"parentId": 6}', null, 'cbb75ba9-5a02-4970-a04e-3059a2337712', '2026-11-24 23:22:34.773296');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('17', '2', '5', 'olga', 'graphql', 'channel_acl_entry_set', 'channel', '5', null, '{"roleId": 5, "permissions": ["JOIN"]}', null, 'e930c0cc-565c-4d34-81ff-ec062ecfa24f', '2026-11-24 23:22:34.856161');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('18', '2', '5', 'olga', 'graphql', 'role_assigned', 'role', '4', null, '{"userId": 6}', null, '5b3c9230-9722-4c10-bc75-9b0f2fc69c14', '2026-11-24 23:22:34.973484');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('19', '2', '5', 'olga', 'graphql', 'invitation_created', 'invitation', '2', null, '{"maxUses": null, "roleIds": [4, 5], "channelId": 5, "expiresAt": "2026-12-01T23:22:35.493Z"}', null, '76927a73-1e3a-4b5f-a4b4-652aa51a4d10', '2026-11-24 23:22:35.446918');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('2', '1', '1', 'admin', 'graphql', 'user_created', 'user', '3', null, '{"email": null, "roleIds": [3], "username": "mike"}', null, 'd92d153b-3425-4e95-8aa0-1126a6050c86', '2026-11-24 23:22:31.573288');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('20', '2', '5', 'olga', 'graphql', 'user_created', 'user', '7', null, '{"email": null, "roleIds": [5], "username": "Łukasz"}', null, '053d8585-34fa-4928-9fa1-687ce6d15839', '2026-11-24 23:22:35.914864');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('21', '2', '5', 'olga', 'graphql', 'ban_created', 'ban', '2', null, '{"reason": null, "userId": 7, "expiresAt": null, "addressRange": null}', null, '44c1d180-8934-4300-b178-ff58d818893b', '2026-11-24 23:22:35.97743');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('22', '2', '5', 'olga', 'graphql', 'api_key_created', 'api_key', '2', null, '{"name": "a tool", "scopes": ["read"], "userId": 5, "expiresAt": null, "keyPrefix": "parley_8pZ3B"}', null, 'b45f403a-8919-440b-bf66-8ebd4dd88723', '2026-11-24 23:22:36.017363');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('3', '1', '2', 'olga', 'graphql', 'channel_created', 'channel', '2', null, '{"name": "Older, but below", "maxUsers": 0, "parentId": null, "position": 0, "description": null, "hasPassword": true}', null, '55f56651-40eb-49c1-af54-a9fe68f06725', '2026-11-24 23:22:32.015076');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('4', '1', '2', 'olga', 'graphql', 'channel_created', 'channel', '3', null, '{"name": "Jünger 🎲, \"above\"", "maxUsers": 0, "parentId": null, "position": 0, "description": null, "hasPassword": true}', null, '0e51b85f-cf14-4699-9e9a-fd6fe9aac48e', '2026-11-24 23:22:32.601845');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('5', '1', '2', 'olga', 'graphql', 'channel_updated', 'channel', '2', '{"parentId": null}', '{"parentId": 3}', null, '2a97ce3c-32fa-45a7-b697-0a2834c6ea7f', '2026-11-24 23:22:32.648871');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('6', '1', '2', 'olga', 'graphql', 'channel_acl_entry_set', 'channel', '2', null, '{"roleId": 3, "permissions": ["JOIN"]}', null, '0e24c450-3e70-4b38-bbf2-2d678c90d842', '2026-11-24 23:22:32.691161');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('7', '1', '2', 'olga', 'graphql', 'role_assigned', 'role', '2', null, '{"userId": 3}', null, '3603da98-194d-4bc5-ae21-f80d40eb243b', '2026-11-24 23:22:33.112841');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('8', '1', '2', 'olga', 'graphql', 'invitation_created', 'invitation', '1', null, '{"maxUses": null, "roleIds": [2, 3], "channelId": 2, "expiresAt": "2026-12-01T23:22:33.239Z"}', null, '333539b1-d160-4b89-a03d-36008e3275f3', '2026-11-24 23:22:33.219363');
insert into "audit_entries" ("id", "org_id", "actor_id", "actor_name", "door", "action", "target_type", "target_id", "before", "after", "reason", "request_id", "created_at") values ('9', '1', '2', 'olga', 'graphql', 'user_created', 'user', '4', null, '{"email": null, "roleIds": [3], "username": "Łukasz"}', null, 'db14a8b1-0b0f-4f72-8b49-ce61d1c4be95', '2026-11-24 23:22:33.336216');
select setval('audit_entries_id_seq', (select max("id") from "audit_entries"));

insert into "refresh_tokens" ("id", "user_id", "family_id", "token_hash", "created_at", "expires_at", "used_at", "revoked_at") values ('1', '1', '1ceee72b-c402-4246-8686-97292523e830', '64059cdfc09e6a3103f43724eb986408989096997c0c2997b88e32ff650c7d52', '2026-11-24 23:22:30.04486', '2026-11-25 23:22:31.13', null, null);
insert into "refresh_tokens" ("id", "user_id", "family_id", "token_hash", "created_at", "expires_at", "used_at", "revoked_at") values ('2', '2', '190c3b40-e9d6-4fa7-94da-dde4af3af855', '034a57f51923417b1328b3fbd0d78c3f888fd53e37ddef515300e1264a8f64cc', '2026-11-24 23:22:31.796434', '2026-11-25 23:22:31.797', null, null);
insert into "refresh_tokens" ("id", "user_id", "family_id", "token_hash", "created_at", "expires_at", "used_at", "revoked_at") values ('3', '3', '3547351b-3c8b-4b46-9e4a-368059952721', 'efa506c3ec331d020298acc9848ba484ad7c8ff8ed45a80dd659d220f100b61e', '2026-11-24 23:22:31.830529', '2026-11-25 23:22:31.831', null, null);
insert into "refresh_tokens" ("id", "user_id", "family_id", "token_hash", "created_at", "expires_at", "used_at", "revoked_at") values ('4', '5', '1fa1e57f-f620-4283-8029-046eba9aa741', 'e0a3df5adeacd5ff1a4b066d0e055ab57dbb8dee569732531118ea6870269692', '2026-11-24 23:22:34.454185', '2026-11-25 23:22:34.455', null, null);
insert into "refresh_tokens" ("id", "user_id", "family_id", "token_hash", "created_at", "expires_at", "used_at", "revoked_at") values ('5', '6', 'a3196700-ff70-4218-8fc3-cc4514195ca8', 'f84b69ac423290017c026e32c9781d5164f665f282c49ead0429866550e4de9e', '2026-11-24 23:22:34.516028', '2026-11-25 23:22:34.517', null, null);
select setval('refresh_tokens_id_seq', (select max("id") from "refresh_tokens"));

insert into "idempotency_keys" ("actor_id", "key", "operation", "request_hash", "result_id", "created_at") values ('2', 'of-1', 'createUser', 'ccd6466d6e7edcc84872286a0ce00a45ecc668a46797bcc271346e04f7878413', '4', '2026-11-24 23:22:33.336216');
insert into "idempotency_keys" ("actor_id", "key", "operation", "request_hash", "result_id", "created_at") values ('5', 'of-2', 'createUser', '99563818c986462e425ef0a311d6c076a3f7b08a1585db251b3d5c61620de4e7', '7', '2026-11-24 23:22:35.914864');
