import { afterAll, beforeAll, describe } from 'vitest';
import { describeFeeds } from './feeds.ts';
import { describePages } from './pages.ts';
import { describeQueries } from './queries.ts';
import { describeReports } from './reports.ts';
import { type Gateways, Session } from './session.ts';

/** The API end to end: events that are reported through one gateway are read and followed through another. */
export function describeContract(name: string, boot: () => Promise<Gateways>): void {
  describe(`the API over ${name}`, () => {
    let gateways: Gateways;
    beforeAll(async () => {
      gateways = await boot();
    });
    afterAll(() => gateways[Symbol.asyncDispose]());

    const session = new Session(() => gateways);
    describeReports(session);
    describePages(session);
    describeQueries(session);
    describeFeeds(session);
  });
}
