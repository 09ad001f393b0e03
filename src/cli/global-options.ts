import type { Options } from './command.ts';

/** Options of every command. */
export const globalOptions = {
  url: {
    type: 'string',
    argument: 'URL',
    description: 'The gateway; else TIDINGS_URL, the context, http://127.0.0.1:4000.',
  },
  token: {
    type: 'string',
    argument: 'SECRET',
    description: 'The token to show it; else TIDINGS_TOKEN or that of the context.',
  },
  context: {
    type: 'string',
    argument: 'NAME',
    description: 'A gateway that tidings contexts knows; else TIDINGS_CONTEXT.',
  },
  timeout: {
    type: 'string',
    argument: 'SECONDS',
    description: 'How long to wait for an answer; 30 by default.',
  },
  output: {
    type: 'string',
    short: 'o',
    argument: 'FORMAT',
    choices: ['table', 'json', 'ndjson', 'template'],
    description: 'table, json, ndjson or template; table by default.',
  },
  template: {
    type: 'string',
    argument: 'TEMPLATE',
    description: "One line for each row: '{time} {type} {traits.size}'.",
  },
  columns: {
    type: 'string',
    argument: 'LIST',
    description: 'Columns of the table, with commas: time,type,traits.size.',
  },
  help: { type: 'boolean', short: 'h', description: 'Show this help.' },
} as const satisfies Options;
