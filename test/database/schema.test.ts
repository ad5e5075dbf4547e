import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Client } from 'pg';
import { connectTo, TestDatabase } from '../support/test-database.js';

/** The specification's tables: column, type, nullable, default. More columns may stand beside them. */
const TABLES = {
  organizations: [
    ['id', 'integer', 'NO', "nextval('organizations_id_seq'::regclass)"],
    ['name', 'character varying(255)', 'NO', null],
    ['tag', 'character varying(16)', 'NO', null],
    ['owner_id', 'integer', 'YES', null],
    ['created_at', 'timestamp without time zone', 'YES', 'now()'],
    ['max_users', 'integer', 'YES', '100'],
    ['max_channels', 'integer', 'YES', '50'],
  ],
  users: [
    ['id', 'integer', 'NO', "nextval('users_id_seq'::regclass)"],
    ['org_id', 'integer', 'YES', null],
    ['username', 'character varying(64)', 'NO', null],
    ['email', 'character varying(255)', 'YES', null],
    ['password_hash', 'character varying(255)', 'YES', null],
    ['created_at', 'timestamp without time zone', 'YES', 'now()'],
  ],
  channels: [
    ['id', 'integer', 'NO', "nextval('channels_id_seq'::regclass)"],
    ['org_id', 'integer', 'YES', null],
    ['parent_id', 'integer', 'YES', null],
    ['name', 'character varying(255)', 'NO', null],
    ['description', 'text', 'YES', null],
    ['password_hash', 'character varying(255)', 'YES', null],
    ['max_users', 'integer', 'YES', '0'],
    ['created_at', 'timestamp without time zone', 'YES', 'now()'],
  ],
  roles: [
    ['id', 'integer', 'NO', "nextval('roles_id_seq'::regclass)"],
    ['org_id', 'integer', 'YES', null],
    ['name', 'character varying(64)', 'NO', null],
    ['permissions', 'integer', 'NO', null],
  ],
  user_roles: [
    ['user_id', 'integer', 'NO', null],
    ['role_id', 'integer', 'NO', null],
  ],
  channel_acl: [
    ['channel_id', 'integer', 'NO', null],
    ['role_id', 'integer', 'NO', null],
    ['permissions', 'integer', 'NO', null],
  ],
} as const;

const CONSTRAINTS = {
  organizations: ['PRIMARY KEY (id)', 'UNIQUE (tag)'],
  users: ['PRIMARY KEY (id)', 'FOREIGN KEY (org_id) REFERENCES organizations(id)', 'UNIQUE (org_id, username)'],
  channels: [
    'PRIMARY KEY (id)',
    'FOREIGN KEY (org_id) REFERENCES organizations(id)',
    'FOREIGN KEY (parent_id) REFERENCES channels(id)',
  ],
  roles: ['PRIMARY KEY (id)', 'FOREIGN KEY (org_id) REFERENCES organizations(id)', 'UNIQUE (org_id, name)'],
  user_roles: [
    'PRIMARY KEY (user_id, role_id)',
    'FOREIGN KEY (user_id) REFERENCES users(id)',
    'FOREIGN KEY (role_id) REFERENCES roles(id)',
  ],
  channel_acl: [
    'PRIMARY KEY (channel_id, role_id)',
    'FOREIGN KEY (channel_id) REFERENCES channels(id)',
    'FOREIGN KEY (role_id) REFERENCES roles(id)',
  ],
} as const;

describe('the tables of the specification', () => {
  let test: TestDatabase;
  let client: Client;
  beforeAll(async () => {
    test = await TestDatabase.create();
    client = await connectTo(test.connection);
  });
  afterAll(async () => {
    await client.end();
    await test.drop();
  });

  it.each(Object.entries(TABLES))('%s has its columns, types and defaults', async (table, columns) => {
    const { rows } = await client.query({
      text: `select a.attname, format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'NO' else 'YES' end, pg_get_expr(d.adbin, d.adrelid)
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped`,
      values: [table],
      rowMode: 'array',
    });
    expect(rows).toEqual(expect.arrayContaining(columns.map((column) => [...column])));
  });

  it.each(Object.entries(CONSTRAINTS))('%s has its constraints', async (table, constraints) => {
    const { rows } = await client.query<{ definition: string }>(
      'select pg_get_constraintdef(oid) as definition from pg_constraint where conrelid = $1::regclass',
      [table],
    );
    expect(rows.map(({ definition }) => definition)).toEqual(expect.arrayContaining([...constraints]));
  });
});
