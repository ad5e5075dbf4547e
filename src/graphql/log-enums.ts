/** What can be logged and how much of it, as GraphQL enums. */
import { registerEnumType } from 'type-graphql';
import type { LogModule } from '../logging/log-modules.js';
import type { LogLevel } from '../logging/logging.js';

/** The type of a field or argument: `@Field(() => LogLevelType)`. */
export const LogLevelType = {
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace',
} as const satisfies Record<Uppercase<LogLevel>, LogLevel>;

/** The type of a field or argument: `@Field(() => LogModuleType)`. */
export const LogModuleType = {
  SERVER: 'server',
  DATABASE: 'database',
  REDIS: 'redis',
  EVENTS: 'events',
  HTTP: 'http',
  GRAPHQL: 'graphql',
  REST: 'rest',
  LIVE: 'live',
  VOICE: 'voice',
  RELAY: 'relay',
  MUMBLE: 'mumble',
} as const satisfies Record<Uppercase<LogModule>, LogModule>;

registerEnumType(LogLevelType, {
  name: 'LogLevel',
  description: 'How much is logged: what a level has, and all of those above it.',
  valuesConfig: {
    ERROR: { description: 'Somebody must act.' },
    WARN: { description: 'It healed, or will.' },
    INFO: { description: 'Starts, stops and the like.' },
    DEBUG: { description: 'For diagnosis: requests, events and what becomes of them.' },
    TRACE: { description: 'Every packet of voice. Much.' },
  },
});

registerEnumType(LogModuleType, {
  name: 'LogModule',
  description: 'A part of the server that logs under a name of its own.',
  valuesConfig: {
    SERVER: { description: 'Start, end, and what concerns all.' },
    DATABASE: { description: 'PostgreSQL.' },
    REDIS: { description: 'Redis, and what is kept there.' },
    EVENTS: { description: 'What has happened, told to all that follow it.' },
    HTTP: { description: 'Requests by HTTP, whatever they are for.' },
    GRAPHQL: { description: 'GraphQL.' },
    REST: { description: 'REST.' },
    LIVE: { description: 'Subscriptions.' },
    VOICE: { description: 'Connections of voice clients, and how voice follows what happens.' },
    RELAY: { description: 'The relay; at TRACE every packet.' },
    MUMBLE: { description: "The door of Mumble's clients." },
  },
});
