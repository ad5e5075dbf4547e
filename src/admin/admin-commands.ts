/** What operators do: `parley admin …`. Everything but the command line is loaded when it is needed. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Environment } from '../config/config-environment.js';
import type { AdminApi } from './admin-api.js';
import type { AdminExit } from './admin-error.js';
import type { AdminOutput } from './admin-output.js';
import type { DirectServer, DirectServerOptions } from './direct-server.js';

/** What the commands need of the process that runs them. */
export interface AdminCommandHost {
  readonly environment: Environment;
  readonly workingFolder: string;
  /** Takes the code with which the process is to end. */
  readonly finish: (exitCode: AdminExit) => void;
}

interface Options {
  readonly json?: true;
  readonly url?: string;
  readonly fingerprint?: string;
  readonly database?: true;
  readonly config?: string;
  readonly org?: string;
}

interface LoginOptions extends Options {
  readonly user: string;
}

interface PasswordOptions extends Options {
  readonly generate?: true;
}

interface ImportCommandOptions extends Options {
  readonly organization: string;
  readonly server?: number;
  readonly dryRun?: true;
}

/** Adds `admin` with its commands, `backup`, `restore` and `import` to the program. They throw AdminError and AppError where something is in the way. */
export function addAdminCommands(root: Command, host: AdminCommandHost): void {
  const admin = root
    .command('admin')
    .description('Operate a server: through its API, or on its database while it is down.');
  addLoginCommands(admin, host);
  addSessionCommands(admin, host);
  addAccountCommands(admin, host);
  addNodeCommands(admin, host);
  addServerCommands(admin, host);
  addBackupCommands(root, host);
  addImportCommands(root, host);
}

function addLoginCommands(admin: Command, { environment, finish }: AdminCommandHost): void {
  withApi(admin.command('login').description('Log in, and remember it for the commands that follow.'))
    .option('--org <tag>', 'the tag of the organization; left out for a platform admin')
    .option('--user <name>', 'the user; the password comes from PARLEY_PASSWORD or a prompt', 'admin')
    .action(async (options: LoginOptions) => {
      const { AdminApi } = await import('./admin-api.js');
      const { askSecret } = await import('./ask-secret.js');
      const { AdminExit } = await import('./admin-error.js');
      const { user: username, org: organizationTag = null } = options;
      const password = environment.PARLEY_PASSWORD || (await askSecret(`Password of ${username}`, 'PARLEY_PASSWORD'));
      const place = placeOf(options, environment);
      const { url } = await AdminApi.login(place, environment, { organizationTag, username, password });
      (await outputFor(options)).result({ url, username }, `Logged in at ${url} as "${username}".`);
      finish(AdminExit.done);
    });
  withJson(admin.command('logout').description('End the login, and forget it.')).action(async (options: Options) => {
    const { AdminApi } = await import('./admin-api.js');
    const { AdminExit } = await import('./admin-error.js');
    await AdminApi.logout(environment);
    (await outputFor(options)).result({}, 'Logged out.');
    finish(AdminExit.done);
  });
}

function addSessionCommands(admin: Command, host: AdminCommandHost): void {
  withApi(admin.command('sessions').description('List who is connected by voice.'))
    .option('--org <tag>', 'of this organization only')
    .action(async (options: Options) => {
      const { listSessions } = await import('./session-commands.js');
      await throughApi(host, options, (api, output) => listSessions(api, output, options.org));
    });
  withApi(admin.command('kick').description('End sessions; who was kicked may log in again.'))
    .argument('<session...>', 'the numbers that "sessions" lists')
    .option('--reason <text>', 'told to all, and to the audit log')
    .action(async (sessionIds: string[], options: Options & { readonly reason?: string }) => {
      const { kickSessions } = await import('./session-commands.js');
      await throughApi(host, options, (api, output) => kickSessions(api, output, sessionIds, options.reason));
    });
}

function addAccountCommands(admin: Command, host: AdminCommandHost): void {
  const { environment } = host;
  withDatabase(admin.command('create-admin').description('Make the first platform admin, on the database.'))
    .addHelpText(
      'after',
      '\nIts password comes from PARLEY_NEW_PASSWORD; one is made up and shown where that is not set.',
    )
    .action(async (options: Options) => {
      const { createAdministrator } = await import('./account-commands.js');
      const given = environment.PARLEY_NEW_PASSWORD || undefined;
      await onDatabase(host, options, 'migrate', (server, output) => createAdministrator(server, output, given));
    });
  withDatabase(withApi(admin.command('reset-password').description('Give a user a new password; all logins end.')))
    .argument('<user>', 'the name of the user')
    .option('--org <tag>', 'the tag of the organization; left out for a user of the platform')
    .option('--generate', 'make a password up and show it, instead of PARLEY_NEW_PASSWORD or a prompt')
    .option('--database', 'on the database of a server that is down')
    .action(async (username: string, options: PasswordOptions) => {
      const { resetByApi, resetOnDatabase } = await import('./account-commands.js');
      const account = { username, organizationTag: options.org };
      const password = await newPassword(options, environment);
      if (options.database === true) {
        await onDatabase(host, options, 'refuse', (server, output) =>
          resetOnDatabase(server, output, account, password),
        );
      } else await throughApi(host, options, (api, output) => resetByApi(api, output, account, password));
    });
}

function addNodeCommands(admin: Command, host: AdminCommandHost): void {
  withApi(admin.command('nodes').description('List the servers that run as one.')).action(async (options: Options) => {
    const { listNodes } = await import('./node-commands.js');
    await throughApi(host, options, listNodes);
  });
  withApi(admin.command('drain').description('Move the sessions of a node to others, and let no new ones in.'))
    .argument('[node]', 'a name or an id that "nodes" lists (default: the one that answers)')
    .option('--undo', 'let it take sessions again instead')
    .option('--reason <text>', 'for the audit log')
    .action(async (node: string | undefined, options: Options & { readonly undo?: true; readonly reason?: string }) => {
      const { drainNode } = await import('./node-commands.js');
      const draining = { node, isUndone: options.undo === true, reason: options.reason };
      await throughApi(host, options, (api, output) => drainNode(api, output, draining));
    });
}

function addServerCommands(admin: Command, host: AdminCommandHost): void {
  withDatabase(withApi(admin.command('status').description('Tell how the server is.')))
    .option('--database', 'what is in the database of a server that is down')
    .action(async (options: Options) => {
      const { statusByApi, statusOnDatabase } = await import('./status-command.js');
      if (options.database === true) await onDatabase(host, options, 'keep', statusOnDatabase);
      else await throughApi(host, options, statusByApi);
    });
  withDatabase(admin.command('check-config').description('Look at the configuration, and say what is wrong.')).action(
    async (options: Options) => {
      const { readConfig } = await import('./direct-server.js');
      const { AdminExit } = await import('./admin-error.js');
      readConfig({ ...host, configFile: options.config });
      (await outputFor(options)).result({ ok: true }, 'OK');
      host.finish(AdminExit.done);
    },
  );
  withDatabase(admin.command('migrations').description('Bring the database of a server that is down up to date.'))
    .option('--dry-run', 'print the SQL instead, and change nothing')
    .action(async (options: Options & { readonly dryRun?: true }) => {
      const { applyMigrations, showMigrations } = await import('./migration-command.js');
      if (options.dryRun === true) await onDatabase(host, options, 'keep', showMigrations);
      else await onDatabase(host, options, 'keep', applyMigrations);
    });
}

function addBackupCommands(root: Command, { environment, workingFolder, finish }: AdminCommandHost): void {
  const placeOfDatabase = ({ config: configFile }: Options) => ({ configFile, environment, workingFolder });
  withDatabase(root.command('backup').description('Write all that a server has into one file, while it runs or not.'))
    .argument('<file>', 'the file to write')
    .option('--organization <tag>', 'only this organization')
    .action(async (file: string, options: Options & { readonly organization?: string }) => {
      const { backUp } = await import('./backup-commands.js');
      const warn = (line: string) => process.stderr.write(`parley: ${line}\n`);
      const what = { file, organizationTag: options.organization, warn };
      finish(await backUp(placeOfDatabase(options), what, await outputFor(options)));
    });
  withDatabase(root.command('restore').description('Put the content of a backup where there is nothing yet.'))
    .argument('<file>', 'what "backup" wrote')
    .option('--dry-run', 'look whether it can be done, and change nothing')
    .action(async (file: string, options: Options & { readonly dryRun?: true }) => {
      const { restore } = await import('./backup-commands.js');
      finish(await restore(placeOfDatabase(options), file, options.dryRun === true, await outputFor(options)));
    });
}

function addImportCommands(root: Command, host: AdminCommandHost): void {
  const importing = root.command('import').description('Bring what another voice server has into an organization.');
  withDatabase(importing.command('mumble').description("From the database of Mumble's server, while ours is down."))
    .argument('<file>', 'a copy of its murmur.sqlite')
    .requiredOption('--organization <tag>', 'the organization that it comes into')
    .option('--server <number>', 'which of the virtual servers in the file, where there are several', serverNumber)
    .option('--dry-run', 'tell what would come of it, and change nothing')
    .action(async (file: string, options: ImportCommandOptions) => {
      const { importMumble } = await import('./import-command.js');
      const { organization: organizationTag, server: serverId, dryRun } = options;
      const what = { file, organizationTag, serverId, isDryRun: dryRun === true };
      await onDatabase(host, options, 'refuse', (server, output) => importMumble(server, output, what));
    });
}

function serverNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a number.');
}

function withJson(command: Command): Command {
  return command.option('--json', 'answer in JSON');
}

function withApi(command: Command): Command {
  return withJson(command)
    .option('--url <url>', 'the address of the API (PARLEY_URL; without both, that of the login)')
    .option('--fingerprint <sha256>', 'the SHA-256 of the certificate to accept, as the server prints it', fingerprint);
}

function withDatabase(command: Command): Command {
  const known = command.options.some(({ long }) => long === '--json') ? command : withJson(command);
  return known.option('--config <file>', 'the configuration of the server (PARLEY_CONFIG)');
}

function fingerprint(text: string): string {
  if (/^([0-9A-F]{2}:?){32}$/i.test(text)) return text;
  throw new InvalidArgumentError('It must be 64 hexadecimal digits, with or without colons.');
}

function placeOf({ url, fingerprint: pinned }: Options, environment: Environment) {
  return { url: url ?? (environment.PARLEY_URL || undefined), fingerprint: pinned };
}

async function outputFor({ json }: Options): Promise<AdminOutput> {
  const { AdminOutput } = await import('./admin-output.js');
  return new AdminOutput(process.stdout, { json: json === true });
}

async function throughApi(
  { environment, finish }: AdminCommandHost,
  options: Options,
  work: (api: AdminApi, output: AdminOutput) => Promise<AdminExit>,
): Promise<void> {
  const { AdminApi } = await import('./admin-api.js');
  finish(await work(await AdminApi.open(placeOf(options, environment), environment), await outputFor(options)));
}

async function onDatabase(
  { environment, workingFolder, finish }: AdminCommandHost,
  options: Options,
  whenOlder: DirectServerOptions['whenOlder'],
  work: (server: DirectServer, output: AdminOutput) => Promise<AdminExit>,
): Promise<void> {
  const { withDirectServer } = await import('./direct-server.js');
  const output = await outputFor(options);
  const isInApi = options.database === true;
  const at = { configFile: options.config, environment, workingFolder, whenOlder, isInApi };
  finish(await withDirectServer(at, (server) => work(server, output)));
}

async function newPassword({ generate }: PasswordOptions, environment: Environment) {
  const { randomPassword } = await import('../auth/random-secret.js');
  if (generate === true) return { text: randomPassword(), isShown: true };
  const { askSecret } = await import('./ask-secret.js');
  const text = environment.PARLEY_NEW_PASSWORD || (await askSecret('New password', 'PARLEY_NEW_PASSWORD'));
  return { text, isShown: false };
}
