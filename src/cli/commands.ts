import type { Entries } from './command.ts';

/** All commands by name. A command's file is loaded when it is used: that keeps the start short. */
export const commands: Entries = {
  serve: { summary: 'Start the gateway; so does tidings alone. The environment configures it.' },
  report: {
    summary: 'Report an event, or many from a file.',
    load: async () => (await import('./commands/report.ts')).report,
  },
  query: {
    summary: 'Find events, newest first.',
    load: async () => (await import('./commands/query.ts')).query,
  },
  get: {
    summary: 'Show events by their ids.',
    load: async () => (await import('./commands/get.ts')).get,
  },
  follow: {
    summary: 'Print events as they are recorded, or do something with each.',
    load: async () => (await import('./commands/follow.ts')).follow,
  },
  aggregate: {
    summary: 'Count and measure events by group and time.',
    load: async () => (await import('./commands/aggregate.ts')).aggregate,
  },
  tags: {
    summary: 'List tags, most used first.',
    load: async () => (await import('./commands/tags.ts')).tags,
  },
  alarms: {
    summary: 'List, acknowledge and silence alarms; create rules and test them over the past.',
    load: async () => (await import('./commands/alarms.ts')).alarms,
  },
  sinks: {
    summary: 'See, create, test and repair the ways out.',
    load: async () => (await import('./commands/sinks.ts')).sinks,
  },
  tokens: {
    summary: 'Create, list and revoke tokens.',
    load: async () => (await import('./commands/tokens.ts')).tokens,
  },
  mayastor: {
    summary: "Show OpenEBS Mayastor's events as its own plugin does.",
    load: async () => (await import('./commands/mayastor.ts')).mayastor,
  },
  contexts: {
    summary: 'Remember gateways and tokens by name.',
    load: async () => (await import('./commands/contexts.ts')).contexts,
  },
  token: {
    summary: "Create a token on the gateway's own machine, in its database.",
    arguments: 'create --role ROLE [--role ROLE]... [--name NAME]',
  },
  'rebuild-rollups': {
    summary: "Count every event anew, in the gateway's own database, for its statistics.",
  },
  health: {
    summary: 'Show whether the gateway is ready.',
    load: async () => (await import('./commands/health.ts')).health,
  },
  completion: {
    summary: 'Print completions for bash, zsh or fish.',
    load: async () => (await import('./commands/completion.ts')).completionOf(commands),
  },
};
