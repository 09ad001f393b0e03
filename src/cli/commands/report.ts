import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import type { EventInput } from '../../client/schema.generated.ts';
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import { eventInputOf, traitOfArgument } from '../event-input.ts';
import { CommandError, type ExitCode, exitCodes, usageError } from '../exit-code.ts';
import type { Gateway } from '../gateway.ts';
import type { Row } from '../output/value-at.ts';

/** Events of one call to the gateway. */
const batchSize = 200;
const batchBytes = 2_000_000;
/** The pauses between attempts double from 500 ms. */
const longestPauseMs = 30_000;

const source = ['service', 'instance', 'endpoint', 'node', 'component', 'layer'] as const;

interface Answer {
  readonly reportEvents: { readonly results: readonly Result[] };
}

type Result = Reported | Rejected;
interface Reported {
  readonly __typename: 'ReportedEvent';
  readonly id: string;
  readonly index: number;
  readonly status: string;
}
interface Rejected {
  readonly __typename: 'RejectedEvent';
  readonly errors: readonly {
    readonly path: readonly string[];
    readonly code: string;
    readonly message: string;
  }[];
}

const sourceOptions = Object.fromEntries(
  source.map((name) => [
    name,
    { type: 'string', argument: 'NAME', description: `The ${name} of its source.` } as const,
  ]),
);

export const report: Command = {
  arguments: '[TYPE]',
  details:
    'A file has one event a line, as EventInput of the API or as tidings query --output ndjson prints it. Each event\n' +
    'is given an id before it is sent, so that a report that is tried again makes no second event.\n' +
    'Ends with 1 where an event was rejected.',
  options: {
    ns: { type: 'string', short: 'n', argument: 'NAME', description: 'Its namespace; default.' },
    key: {
      type: 'string',
      short: 'k',
      argument: 'KEY',
      description: 'The id of what it is about.',
    },
    message: { type: 'string', short: 'm', argument: 'LINE', description: 'A line for people.' },
    severity: { type: 'string', argument: 'SEVERITY', description: 'normal or error.' },
    tag: { type: 'string', multiple: true, argument: 'TAG', description: 'A tag: pool:gold.' },
    trait: {
      type: 'string',
      multiple: true,
      argument: 'NAME=VALUE',
      description: 'A trait: size=20. A string in quotes where it looks like a number: \'v="1"\'.',
    },
    'filter-key': {
      type: 'string',
      multiple: true,
      argument: 'KEY',
      description: 'Another key by which it is found.',
    },
    value: { type: 'string', argument: 'JSON', description: 'Anything, as JSON.' },
    time: { type: 'string', argument: 'TIME', description: 'When it happened, or began; now.' },
    'end-time': { type: 'string', argument: 'TIME', description: 'When it ended.' },
    id: { type: 'string', argument: 'UUID', description: 'Its id; a second report completes it.' },
    attempts: {
      type: 'string',
      argument: 'N',
      description: 'Attempts while the gateway is down; 1, and 6 for a file.',
    },
    ...sourceOptions,
    plane: { type: 'string', argument: 'PLANE', description: 'control or data.' },
    file: {
      type: 'string',
      short: 'f',
      argument: 'FILE',
      description: 'Events, one a line; -: standard input.',
    },
  },
  examples: [
    "tidings report Volume.Create --key vol-1 --tag pool:gold --trait size=20 -m 'volume created'",
    'tidings query --all --output ndjson | tidings report --file - --url http://other:4000',
  ],
  async run(call) {
    const gateway = await call.gateway();
    const file = call.text('file');
    return file === undefined
      ? await reportOne(call, gateway)
      : await reportFile(call, gateway, file);
  },
};

async function reportOne(call: Call, gateway: Gateway): Promise<ExitCode | undefined> {
  const [type, ...others] = call.arguments;
  if (type === undefined) throw usageError('report takes the type of the event, or --file.');
  if (others.length > 0) {
    throw usageError('report takes one type: put the message in quotes after --message.');
  }
  const [result] = await send(gateway, [eventOf(call, type)], attemptsOf(call, 1));
  if (result?.__typename === 'ReportedEvent') {
    await call.output.rows(['id', 'index', 'status'], [rowOf(result)]);
    return undefined;
  }
  if (result !== undefined) noticeRejected(call, result, '');
  return exitCodes.no;
}

const attemptsOf = (call: Call, byDefault: number): number =>
  call.wholeNumber('attempts', 1, 100) ?? byDefault;

const rowOf = ({ id, index, status }: Reported): Row => ({ id, index, status });

function eventOf(call: Call, type: string): EventInput {
  try {
    const plane = call.oneOf('plane', ['control', 'data']);
    const places = Object.fromEntries(source.map((name) => [name, call.text(name) ?? null]));
    return eventInputOf({
      id: call.text('id') ?? null,
      namespace: call.text('ns') ?? null,
      type,
      key: call.text('key') ?? null,
      message: call.text('message') ?? null,
      severity: call.oneOf('severity', ['NORMAL', 'ERROR']) ?? null,
      tags: call.list('tag'),
      filterKeys: call.list('filter-key'),
      traits: call.list('trait').map(traitOfArgument),
      value: jsonOf(call.text('value')),
      time: call.text('time') ?? null,
      endTime: call.text('end-time') ?? null,
      source: { ...places, plane: plane === undefined ? null : `${plane.toUpperCase()}_PLANE` },
    });
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw usageError(`The event cannot be reported: ${(error as Error).message}.`, error);
  }
}

function jsonOf(text: string | undefined): unknown {
  if (text === undefined) return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`--value is not JSON: put a string in quotes, '"text"'`, { cause });
  }
}

async function reportFile(
  call: Call,
  gateway: Gateway,
  file: string,
): Promise<ExitCode | undefined> {
  if (call.arguments.length > 0) throw usageError('With --file the events have their types.');
  const attempts = attemptsOf(call, 6);
  const sheet = call.output.open(['line', 'id', 'index', 'status']);
  let recorded = 0;
  let rejected = 0;
  for await (const batch of batchesOf(call, file)) {
    const events = batch.map(({ event }) => event);
    const results = await send(gateway, events, attempts).catch((error: unknown) => {
      throw stoppedAt(batch, error);
    });
    const rows = results.flatMap((result, at) => {
      const line = batch[at]?.line ?? 0;
      if (result.__typename === 'ReportedEvent') return [{ line, ...rowOf(result) }];
      noticeRejected(call, result, `Line ${line} was rejected: `);
      return [];
    });
    recorded += rows.length;
    rejected += results.length - rows.length;
    await sheet.add(rows);
  }
  await sheet.end();
  call.terminal.notice(`${recorded} recorded, ${rejected} rejected.`);
  return rejected > 0 ? exitCodes.no : undefined;
}

function stoppedAt([first]: readonly Line[], cause: unknown): unknown {
  if (!(cause instanceof CommandError)) return cause;
  const message = `${cause.message} The lines before ${first?.line ?? 1} are done.`;
  return new CommandError(message, cause.exitCode, { cause });
}

function noticeRejected(call: Call, { errors }: Rejected, before: string): void {
  for (const { path, message } of errors) {
    // The message begins with what it is about where the event as a whole is meant.
    const at = path.length === 0 ? '' : `${path.join('.')}: `;
    call.terminal.notice(`${before}${at}${message}`);
  }
}

interface Line {
  readonly line: number;
  readonly event: EventInput;
}

async function* batchesOf(call: Call, file: string): AsyncGenerator<readonly Line[]> {
  let batch: Line[] = [];
  let bytes = 0;
  for await (const { line, text } of linesOf(call, file)) {
    const event = readLine(line, text);
    bytes += text.length;
    batch.push({ line, event });
    if (batch.length < batchSize && bytes < batchBytes) continue;
    yield batch;
    batch = [];
    bytes = 0;
  }
  if (batch.length > 0) yield batch;
}

async function* linesOf(call: Call, file: string): AsyncGenerator<{ line: number; text: string }> {
  const input = file === '-' ? call.terminal.input : createReadStream(file);
  let line = 0;
  try {
    for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
      line += 1;
      if (text.trim() !== '') yield { line, text };
    }
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    throw usageError(`${file} cannot be read: ${(cause as Error).message}`, cause);
  }
}

function readLine(line: number, text: string): EventInput {
  try {
    return eventInputOf(JSON.parse(text));
  } catch (cause) {
    throw usageError(`Line ${line} is not an event: ${(cause as Error).message}.`, cause);
  }
}

/**
 * Reports events, and tries again what could not be recorded: the ids keep events from being recorded twice.
 * @returns the results in the order of the events
 */
async function send(
  gateway: Gateway,
  events: readonly EventInput[],
  attempts: number,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let waiting = events.map((event, at) => ({ event, at }));
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === attempts;
    const answers = await sendOnce(
      gateway,
      waiting.map(({ event }) => event),
      isLast,
    );
    for (const [position, { at }] of waiting.entries()) {
      const answer = answers[position];
      if (answer !== undefined) results[at] = answer;
    }
    waiting = waiting.filter((_, position) => !isSettled(answers[position]));
    if (waiting.length === 0 || isLast) return results;
    await pause(Math.min(500 * 2 ** (attempt - 1), longestPauseMs));
  }
}

const isSettled = (result: Result | undefined): boolean =>
  result !== undefined &&
  (result.__typename === 'ReportedEvent' ||
    result.errors.every(({ code }) => code !== 'UNAVAILABLE'));

/** Nothing where the gateway is down and this is not the last attempt. */
async function sendOnce(
  gateway: Gateway,
  events: readonly EventInput[],
  isLast: boolean,
): Promise<readonly Result[]> {
  try {
    const { reportEvents } = await gateway.ask<Answer>(document, { events });
    return reportEvents.results;
  } catch (error) {
    const passes = error instanceof CommandError && error.exitCode === exitCodes.unavailable;
    if (!passes || isLast) throw error;
    return [];
  }
}

const document = `mutation ($events: [EventInput!]!) {
  reportEvents(events: $events) {
    results {
      __typename
      ... on ReportedEvent { id index status }
      ... on RejectedEvent { errors { path code message } }
    }
  }
}`;
