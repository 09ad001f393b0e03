import { type Following as Feed, follow as followFeed } from '../../client/follow.ts';
import { FollowError } from '../../client/follow-error.ts';
import type { EventFilter } from '../../client/schema.generated.ts';
import { isExclusion } from '../../filter-text/parse.ts';
import type { Call } from '../call.ts';
import { type Goal, goalOf, positionAt } from '../caught-up.ts';
import type { Command } from '../command.ts';
import { type EventAction, execAction, forwardAction, repeatedly } from '../event-action.ts';
import {
  type EventRow,
  eventColumns,
  eventRow,
  eventSelection,
  type SelectedEvent,
} from '../event-row.ts';
import { CommandError, type ExitCode, exitCodeOf, exitCodes, usageError } from '../exit-code.ts';
import { filterHelp, filterOf, filterOptions } from '../filter-options.ts';
import { type Position, StateFile } from '../follow-state.ts';
import type { Gateway } from '../gateway.ts';
import { Interruption } from '../interruption.ts';
import type { Sheet } from '../output/output.ts';
import { type Hidden, withVisibleFields } from '../visible-fields.ts';

export const follow: Command = {
  arguments: '[FILTER]...',
  details: `${filterHelp}\nAfter a break it connects again and goes on where it was. Ctrl-C ends it.`,
  isTerm: isExclusion,
  options: {
    ...filterOptions,
    after: {
      type: 'string',
      argument: 'INDEX',
      description: 'Begin after this index; 0: with the oldest event that is kept. Now by default.',
    },
    state: {
      type: 'string',
      argument: 'FILE',
      description: 'Remember in FILE how far it got, and go on exactly there the next time.',
    },
    'until-caught-up': {
      type: 'boolean',
      description: 'End once everything that is recorded by now has come.',
    },
    exec: {
      type: 'string',
      argument: 'COMMAND',
      description: 'Run COMMAND for each event, which is on its standard input, one at a time.',
    },
    'forward-to': {
      type: 'string',
      argument: 'URL',
      description: 'Post each event to URL, as a sink of the format STANDARD does.',
    },
    attempts: {
      type: 'string',
      argument: 'N',
      description: 'Attempts at an event before it ends; 1 with --exec, 5 with --forward-to.',
    },
    'skip-gap': {
      type: 'boolean',
      description: 'Where events after the index are no longer kept, go on with those that are.',
    },
  },
  examples: [
    'tidings follow severity:error',
    "tidings follow type:Volume.* --state vol.state --exec 'jq -r .key | xargs ./check'",
    'tidings follow --after 0 --state copy.state --until-caught-up -o ndjson >> events.ndjson',
  ],
  async run(call) {
    const gateway = await call.gateway();
    const filter = filterOf(call);
    const state = stateOf(call);
    const saved = (await state?.read()) ?? null;
    const after = saved?.index ?? afterOf(call);
    const goal = call.flag('until-caught-up')
      ? await goalOf(
          gateway,
          filter,
          after === undefined ? null : { index: after, journalId: saved?.journalId ?? null },
        )
      : null;
    if (goal !== null && (after ?? goal.lastIndex) >= goal.lastMatch) {
      checkGap(call, goal, after);
      await state?.save(positionAt(goal, after ?? 0));
      await sheetOf(call)?.end();
      return undefined;
    }
    using interruption = new Interruption();
    const following = new Following(call, gateway, { filter, state, goal, interruption });
    return await withVisibleFields(gateway, (hidden) =>
      following.run(hidden, after, saved?.journalId),
    );
  },
};

/** The feed would have said so, if anything had to be asked of it. */
function checkGap(call: Call, { firstIndex }: Goal, after = 0): void {
  if (after === 0 || after >= firstIndex || call.flag('skip-gap')) return;
  throw new CommandError(
    `Events after index ${after} have expired: the oldest index to go on from is ${firstIndex}. --skip-gap goes on with those that are kept. (INDEX_EXPIRED)`,
    exitCodes.cannotResume,
  );
}

function stateOf(call: Call): StateFile | null {
  const path = call.text('state');
  return path === undefined ? null : new StateFile(path);
}

function afterOf(call: Call): number | undefined {
  return call.text('after') === 'now'
    ? undefined
    : call.wholeNumber('after', 0, Number.MAX_SAFE_INTEGER);
}

/** Null where something else is done with events. */
const sheetOf = (call: Call): Sheet | null =>
  call.text('exec') === undefined && call.text('forward-to') === undefined
    ? call.output.open(eventColumns)
    : null;

function actionOf(call: Call, { signal }: Interruption): EventAction | null {
  const [command, url] = [call.text('exec'), call.text('forward-to')];
  if (command !== undefined && url !== undefined) {
    throw usageError('Give either --exec or --forward-to, not both.');
  }
  const notice = (line: string) => call.terminal.notice(line);
  const attempts = call.wholeNumber('attempts', 1, 1_000);
  if (command !== undefined) {
    return repeatedly(attempts ?? 1, signal, notice, execAction(command));
  }
  if (url === undefined) {
    if (attempts !== undefined) throw usageError('--attempts needs --exec or --forward-to.');
    return null;
  }
  if (!URL.canParse(url)) throw usageError(`--forward-to takes a URL, not "${url}".`);
  return repeatedly(attempts ?? 5, signal, notice, forwardAction(url));
}

interface Plan {
  readonly filter: EventFilter;
  readonly state: StateFile | null;
  readonly goal: Goal | null;
  readonly interruption: Interruption;
}

class Following {
  readonly #call: Call;
  readonly #gateway: Gateway;
  readonly #plan: Plan;
  readonly #action: EventAction | null;
  readonly #sheet: Sheet | null;
  /** Given by the feed, and not printed yet. */
  #rows: EventRow[] = [];
  #feed: Feed | null = null;
  #isCaughtUp = false;
  #isBroken = false;

  constructor(call: Call, gateway: Gateway, plan: Plan) {
    this.#call = call;
    this.#gateway = gateway;
    this.#plan = plan;
    this.#action = actionOf(call, plan.interruption);
    this.#sheet = sheetOf(call);
  }

  /**
   * Follows to the end; called again, from where it got.
   * @throws CommandError where it cannot go on
   */
  async run(
    hidden: Hidden,
    after: number | undefined,
    journalId: string | undefined,
  ): Promise<ExitCode> {
    const { filter, interruption } = this.#plan;
    const { token } = this.#gateway;
    const begin = this.#feed?.index ?? after;
    const journal = this.#feed?.journalId ?? journalId;
    const feed = followFeed<SelectedEvent>(this.#gateway.socketUrl, {
      filter,
      selection: eventSelection(hidden),
      ...(begin !== undefined && { afterIndex: begin }),
      ...(journal !== undefined && { journalId: journal }),
      ...(token !== null && { connectionParams: { authorization: `Bearer ${token}` } }),
      onEvent: (event) => this.#handle(eventRow(event)),
      onProgress: (position) => this.#progress(position),
      onBreak: (error) => this.#break(error),
      ...(this.#call.flag('skip-gap') && { onGap: (gap) => this.#gap(gap) }),
    });
    this.#feed = feed;
    interruption.signal.addEventListener('abort', () => void feed.stop());
    if (interruption.signal.aborted) void feed.stop();
    try {
      await feed.done;
    } catch (error) {
      if (interruption.exitCode === null) throw this.#explained(error);
    }
    await this.#finish(feed);
    return interruption.exitCode ?? exitCodes.done;
  }

  async #handle(event: EventRow): Promise<void> {
    if (this.#action === null) this.#rows.push(event);
    else {
      await this.#action(event);
      const journalId = this.#feed?.journalId;
      if (journalId != null) await this.#plan.state?.save({ index: event.index, journalId });
    }
    this.#stopAt(event.index);
  }

  /** Printed first and saved then: what was printed and not saved comes again. */
  async #progress(position: Position): Promise<void> {
    if (this.#isBroken) this.#call.terminal.notice('Connected again.');
    this.#isBroken = false;
    await this.#print();
    await this.#plan.state?.save(position);
    this.#stopAt(position.index);
  }

  async #print(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    if (rows.length > 0) await this.#sheet?.add(rows);
  }

  #stopAt(index: number): void {
    const { goal } = this.#plan;
    if (goal === null || index < goal.lastMatch) return;
    this.#isCaughtUp = true;
    void this.#feed?.stop();
  }

  async #finish({ index, journalId }: Feed): Promise<void> {
    await this.#print();
    await this.#sheet?.end();
    const { goal, state } = this.#plan;
    if (index === null || journalId === null) return;
    const isAtGoal = this.#isCaughtUp && goal !== null;
    await state?.save(isAtGoal ? positionAt(goal, index) : { index, journalId });
  }

  #break(error: Error): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#call.terminal.notice(
      `No connection to ${this.#gateway.url}: ${error.message} Trying again until there is one.`,
    );
  }

  #gap({ afterIndex, firstIndex }: { afterIndex: number; firstIndex: number }): void {
    this.#call.terminal.notice(
      `Events after index ${afterIndex} are no longer kept: going on after ${firstIndex}.`,
    );
  }

  #explained(error: unknown): unknown {
    if (!(error instanceof FollowError)) return error;
    const { code, message, cause } = error;
    if (code === 'ON_EVENT' || code === 'ON_PROGRESS') return cause;
    if ((cause as { code?: unknown } | null)?.code === 4403) {
      return new CommandError(
        'The gateway rejects the token, or it has ended: give another with --token or TIDINGS_TOKEN.',
        exitCodes.forbidden,
        { cause: error },
      );
    }
    const advice = code === 'INDEX_EXPIRED' ? ' --skip-gap goes on with those that are kept.' : '';
    return new CommandError(`${message}${advice} (${code})`, exitCodeOf(code), { cause: error });
  }
}
