import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { FollowersOrder, FollowersReport } from './followers.ts';
import { startGateway, type TestGateway } from './gateway.ts';

const streams = 500;
const perSecond = 1_000;
const seconds = 10;
const batch = 50;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Followers in a process of their own, so that they do not take the gateway's time. */
class Followers implements AsyncDisposable {
  readonly #process: ChildProcess;
  report: FollowersReport = { connected: 0, least: 0, most: 0, fault: null };
  #text: string | undefined;

  constructor(order: FollowersOrder) {
    this.#process = fork(join(import.meta.dirname, 'followers.ts'), [JSON.stringify(order)], {
      execArgv: ['--import', 'tsx'],
    });
    this.#process.on('message', (report: FollowersReport) => {
      this.report = report;
      this.#text = report.text ?? this.#text;
    });
  }

  async text(): Promise<string> {
    this.#process.send('text');
    await vi.waitFor(() => expect(this.#text).toBeDefined(), 10_000);
    return this.#text ?? '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
  }
}

/** Reports at an even pace, and says which values, in their order. */
async function reportAll(category: string): Promise<number[]> {
  const values: number[] = [];
  const begun = performance.now();
  while (values.length < perSecond * seconds) {
    const events = Array.from({ length: batch }, (_, at) => ({
      category,
      tags: ['load:test'],
      value: { at: values.length + at },
    }));
    const { reportEvents } = await gateway.gql(
      'mutation ($events: [EventInput!]!) { reportEvents(events: $events, wait: ACCEPTED) { accepted } }',
      { events },
    );
    expect(reportEvents.accepted).toBe(batch);
    for (const { value } of events) values.push(value.at);
    const due = begun + (values.length / perSecond) * 1_000;
    await pause(Math.max(0, due - performance.now()));
  }
  return values;
}

test.each([
  {
    name: 'Vamp',
    category: 'vamp-load',
    path: '/api/v1/events/stream?type=vamp-load',
    frameEnd: '\n\n',
    heartbeat: 'data:\n\n',
  },
  {
    name: 'Nomad',
    category: 'NomadLoad',
    path: '/v1/event/stream?topic=NomadLoad',
    frameEnd: '\n',
    heartbeat: '{}\n',
  },
])(
  '500 streams of $name are sent every event, in order',
  async ({ category, path, frameEnd, heartbeat }) => {
    await using followers = new Followers({
      url: `${gateway.url}${path}`,
      streams,
      frameEnd,
      heartbeat,
    });
    await vi.waitFor(() => expect(followers.report.connected).toBe(streams), 60_000);
    const values = await reportAll(category);
    const shown = () => followers.report;
    await vi.waitFor(() => {
      expect(shown().fault).toBeNull();
      expect(shown().least).toBe(shown().most);
      expect(shown().most).toBeGreaterThan(values.length * 100);
    }, 240_000);
    const text = await followers.text();
    const received = Array.from(text.matchAll(/\{"at":(\d+)\}/g), ([, at]) => Number(at));
    expect(received).toEqual(values);
    expect(shown().fault).toBeNull();
    expect(shown().least).toBe(shown().most);
  },
);
