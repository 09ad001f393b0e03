import type { Group, Options } from '../command.ts';

interface Line {
  readonly payload: {
    readonly category?: string;
    readonly action?: string;
    readonly target?: string;
    readonly metadata: {
      readonly id?: string;
      readonly timestamp?: string;
      readonly source?: { readonly node?: string; readonly component?: string };
    };
  };
}

const condition = (argument: string, description: string) =>
  ({ type: 'string', argument, description }) as const;

/** The gateway's parameters have the same names. */
const conditions = {
  category: condition('LIST', 'Of one of these categories: volume,io-engine-category.'),
  action: condition('LIST', 'With one of these actions: create,rebuild-begin.'),
  component: condition('LIST', 'Reported by one of these: io-engine,core-agent.'),
  'rebuild-status': condition('LIST', 'With one of these statuses of a rebuild: failed.'),
  node: condition('NAME', 'Of this node, in upper or lower case.'),
  target: condition('PART', 'Whose target contains it.'),
  pool: condition('PART', 'Whose target contains it.'),
  volume: condition('UUID', 'Of this volume, its snapshots and the clones of it.'),
  replica: condition('UUID', 'Of this replica, by its UUID or its name.'),
  state: condition('PART', 'Whose previous or next state contains it.'),
  filter: {
    type: 'string',
    multiple: true,
    argument: 'PATH=VALUE',
    description: 'With this value in the message: metadata.source.node=io-*.',
  },
  since: condition('TIME', 'That happened since: 24h, or an instant.'),
  limit: condition('N', 'The newest N; 1000, and 0 for all.'),
} as const satisfies Options;

export const mayastor: Group = {
  commands: {
    events: {
      summary: 'List its events, oldest first, with the options of kubectl mayastor get events.',
      details:
        'json is a list of its messages; ndjson has the lines that kubectl mayastor get events --from-file reads.\n' +
        'Of more than --limit the newest are kept.',
      options: conditions,
      examples: ['tidings mayastor events --category nexus --since 24h'],
      async run(call) {
        call.noArguments();
        const parameters = new URLSearchParams();
        for (const name of Object.keys(conditions)) {
          const values = name === 'filter' ? call.list(name) : [call.text(name)];
          for (const value of values) if (value !== undefined) parameters.append(name, value);
        }
        const gateway = await call.gateway();
        const { format } = call.output;
        const sheet = call.output.open(columns);
        for await (const line of gateway.lines(`/mayastor/events.ndjson?${parameters}`)) {
          await sheet.add([rowOf(line as Line, format)]);
        }
        await sheet.end();
        return undefined;
      },
    },
  },
};

const columns = ['id', 'timestamp', 'category', 'action', 'target', 'node', 'component'];

function rowOf(line: Line, format: string) {
  const { payload } = line;
  if (format === 'ndjson') return { ...line };
  if (format === 'json') return { ...payload };
  const { id, timestamp, source } = payload.metadata;
  return {
    id,
    timestamp: timestamp?.replace(/\.\d+/, ''),
    category: payload.category,
    action: payload.action,
    target: payload.target,
    node: source?.node,
    component: source?.component,
  };
}
