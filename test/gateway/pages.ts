import { getNamedType, isLeafType, isObjectType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { schema } from '../../src/gateway/schema.ts';
import type { Session } from './session.ts';

/** A selection of each field of a type alone; objects are selected field by field. */
function selectionsOf(typeName: string): string[] {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) throw new Error(`${typeName} has no fields`);
  return Object.values(type.getFields()).flatMap(({ name, type: of }) => {
    const below = getNamedType(of);
    const args = name === 'trait' ? '(name: "size")' : '';
    if (isLeafType(below)) return [name];
    return selectionsOf(below.name).map((inner) => `${name}${args} { ${inner} }`);
  });
}

export function describePages(session: Session): void {
  describe('pages', () => {
    let tag: string;
    let minIndex: number;
    const nodes =
      '{ edges { cursor node { value } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }';
    beforeAll(async () => {
      // Three moments for nine events: time alone does not order them.
      const events = Array.from({ length: 9 }, (_, n) => ({
        type: 'Page.Item',
        value: n,
        time: `2026-04-01T00:00:0${Math.floor(n / 3)}Z`,
      }));
      ({ tag, minIndex } = await session.report(events));
    });

    async function page(args: string) {
      const { events } = await session.reader.gql(
        `query ($tags: [String!], $minIndex: SafeInt) {
          events(filter: { tags: $tags }, minIndex: $minIndex, ${args}) ${nodes}
        }`,
        { tags: [tag], minIndex },
      );
      const values = events.edges.map(({ node }: { node: { value: number } }) => node.value);
      return { values, ...events.pageInfo, edges: events.edges };
    }

    const upwards = [0, 1, 2, 3, 4, 5, 6, 7, 8];
    const downwards = upwards.toReversed();

    test.each([
      ['INDEX_ASC', upwards],
      ['INDEX_DESC', downwards],
      ['TIME_ASC', upwards],
      ['TIME_DESC', downwards],
    ])('%s gives every event once, forwards and backwards', async (orderBy, expected) => {
      const forwards: number[] = [];
      let after = '';
      for (let more = true; more; ) {
        const got = await page(`orderBy: ${orderBy}, first: 2 ${after}`);
        forwards.push(...got.values);
        after = `, after: "${got.endCursor}"`;
        more = got.hasNextPage;
      }
      expect(forwards).toEqual(expected);

      const backwards: number[] = [];
      let before = '';
      for (let more = true; more; ) {
        const got = await page(`orderBy: ${orderBy}, last: 2 ${before}`);
        backwards.unshift(...got.values);
        before = `, before: "${got.startCursor}"`;
        more = got.hasPreviousPage;
      }
      expect(backwards).toEqual(expected);
    });

    test('a page has exactly the selected fields of its events', async () => {
      const reported = await session.report([
        {
          type: 'Volume.Create',
          namespace: 'east',
          severity: 'ERROR',
          key: 'v1',
          filterKeys: ['p1'],
          message: 'made',
          value: { attempt: 1 },
          raw: { as: 'it came' },
          time: '2026-04-02T00:00:00.000001Z',
          endTime: '2026-04-02T00:00:01Z',
          tags: ['pool:gold'],
          traits: [
            { name: 'size', value: { int: 5 } },
            { name: 'ratio', value: { float: 0.5 } },
            { name: 'state', value: { text: 'online' } },
            { name: 'due', value: { dateTime: '2026-05-01T00:00:00Z' } },
          ],
          source: {
            service: 's',
            instance: 'i',
            endpoint: 'e',
            node: 'n',
            component: 'c',
            plane: 'DATA_PLANE',
            layer: 'l',
          },
        },
      ]);
      const ask = async (selection: string) =>
        await session.reader.gql(
          `query ($tags: [String!], $minIndex: SafeInt) {
            events(filter: { tags: $tags }, minIndex: $minIndex) ${selection}
          }`,
          { tags: [reported.tag], minIndex: reported.minIndex },
        );
      const { events } = await ask('{ nodes { id } }');
      const id = events.nodes[0]?.id as string;
      const selections = selectionsOf('Event');
      expect(selections.length).toBeGreaterThan(30);
      for (const selection of selections) {
        const { event } = await session.reader.gql(
          `query ($id: ID!) { event(id: $id) { ${selection} } }`,
          { id },
        );
        const { events: inNodes } = await ask(`{ nodes { ${selection} } }`);
        const { events: inEdges } = await ask(
          `{ ... on EventConnection { edges { node { ... on Event { ${selection} } } } } }`,
        );
        expect([selection, inNodes.nodes, inEdges.edges]).toEqual([
          selection,
          [event],
          [{ node: event }],
        ]);
      }
    });

    test('the newest events come first by default', async () => {
      expect((await page('first: 3')).values).toEqual([8, 7, 6]);
    });

    test('first and last together are the last of the first', async () => {
      expect(await page('orderBy: INDEX_ASC, first: 5, last: 2')).toMatchObject({
        values: [3, 4],
        hasNextPage: true,
        hasPreviousPage: true,
      });
    });

    test('after and before together bound a page from both sides', async () => {
      const { edges } = await page('orderBy: INDEX_ASC, first: 9');
      const between = `after: "${edges[1].cursor}", before: "${edges[6].cursor}"`;
      expect((await page(`orderBy: INDEX_ASC, first: 9, ${between}`)).values).toEqual([2, 3, 4, 5]);
      expect((await page(`orderBy: INDEX_ASC, last: 2, ${between}`)).values).toEqual([4, 5]);
    });

    test('an empty page says whether there are more', async () => {
      expect(await page('orderBy: INDEX_ASC, first: 0')).toMatchObject({
        values: [],
        hasNextPage: true,
        startCursor: null,
        endCursor: null,
      });
    });
  });
}
