import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkSettings } from './config/config-check.js';
import { type Environment, readConfigEnvironment } from './config/config-environment.js';
import { readConfigFile } from './config/config-file.js';
import { PLACEHOLDER_SECRET, problemsBetweenKeys } from './config/config-rules.js';
import type { Config } from './config/config-schema.js';
import type { Settings } from './config/config-settings.js';

export type { Config } from './config/config-schema.js';

/** Read where nothing else is asked for, and where it is there. */
export const DEFAULT_CONFIG_FILE = 'config/server.yaml';

export interface ConfigSources {
  /** A YAML file, or undefined for none. */
  readonly file: string | undefined;
  readonly environment: Environment;
  /** Where paths that are not absolute begin. */
  readonly workingFolder: string;
}

/** The configuration cannot be used. */
export class ConfigError extends Error {
  /** All that is wrong with it, one line each. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** The file to read: the one that is asked for, by an argument or by PARLEY_CONFIG, or the usual one where it is there. */
export function findConfigFile(
  argument: string | undefined,
  environment: Environment,
  workingFolder: string,
): string | undefined {
  const given = argument ?? (environment.PARLEY_CONFIG || undefined);
  return given ?? (existsSync(resolve(workingFolder, DEFAULT_CONFIG_FILE)) ? DEFAULT_CONFIG_FILE : undefined);
}

/**
 * Puts the configuration together: the defaults, over them the file, over that the environment. The certificate and the key
 * that it names are looked at too. Throws ConfigError with everything that is wrong.
 */
export function loadConfig({ file, environment, workingFolder }: ConfigSources): Config {
  const sources: readonly Settings[] = [
    ...(file === undefined ? [] : [readConfigFile(resolve(workingFolder, file), file)]),
    readConfigEnvironment(environment),
  ];
  const settings = sources.flatMap((source) => source.settings);
  const checked = checkSettings(settings);
  const config = finished(checked.config, workingFolder);
  const wrongKeys = checked.problems.flatMap(({ keys }) => keys);
  const between = problemsBetweenKeys(config, settings).filter(
    ({ keys }) => !keys.some((key) => wrongKeys.includes(key)),
  );
  const problems = [
    ...sources.flatMap((source) => source.problems),
    ...[...checked.problems, ...between].map(({ line }) => line),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  const { security } = config;
  if (security.jwt_secret !== PLACEHOLDER_SECRET) return config;
  // In development one is made in place of it, as if none were set.
  return Object.freeze({ ...config, security: Object.freeze({ ...security, jwt_secret: null }) });
}

function finished(config: Config, workingFolder: string): Config {
  const absolute = (path: string | null) => (path === null ? null : resolve(workingFolder, path));
  const { security } = config;
  return Object.freeze({
    ...config,
    data_dir: resolve(workingFolder, config.data_dir),
    security: Object.freeze({
      ...security,
      tls_cert: absolute(security.tls_cert),
      tls_key: absolute(security.tls_key),
    }),
  });
}
