import { describe, expect, test } from 'vitest';
import { type Encoder, UndeliverableEvent } from '../../src/sinks/encoder.ts';
import { alertmanagerEncoder } from '../../src/sinks/formats/alertmanager.ts';
import { discordEncoder, slackEncoder } from '../../src/sinks/formats/chat.ts';
import { pagerdutyEncoder } from '../../src/sinks/formats/pagerduty.ts';
import { standardEncoder } from '../../src/sinks/formats/standard.ts';
import { templateEncoder } from '../../src/sinks/formats/template.ts';
import { compileTemplate } from '../../src/sinks/template.ts';
import { eventOf } from './event.ts';

const id = '01900000-0000-7000-8000-000000000001';
const begun = eventOf({
  id,
  type: 'Deployment.Failed',
  severity: 'ERROR',
  key: 'shop',
  message: 'It <broke> & "died"',
  source: { service: 'deployer', instance: 'deployer-1', component: 'web' },
  time: '2026-11-28T04:00:00Z',
});
const ended = eventOf({
  id,
  type: 'Deployment.Failed',
  severity: 'ERROR',
  key: 'shop',
  time: '2026-11-28T04:00:00Z',
  endTime: '2026-11-28T04:00:05Z',
});

const encoded = (
  encoder: Encoder,
  event = begun,
  routingKey: string | null = null,
): ReturnType<Encoder['encode']> =>
  encoder.encode([event], { sinkId: 's', replay: false, routingKey });
const json = (...of: Parameters<typeof encoded>) => JSON.parse(encoded(...of)?.body ?? 'null');

test('STANDARD is type, timestamp and the event', () => {
  expect(json(standardEncoder)).toMatchObject({
    type: 'Deployment.Failed',
    timestamp: '2026-11-28T04:00:00.000Z',
    data: { id, index: 42, key: 'shop', source: { service: 'deployer' }, endTime: null },
  });
  expect(JSON.parse(standardEncoder.encodeGap?.(5, 9).body ?? '')).toMatchObject({
    type: 'tidings.gap',
    data: { from: 5, to: 9 },
  });
});

describe('SLACK', () => {
  test('is a section and a context, with control characters escaped', () => {
    expect(json(slackEncoder)).toEqual({
      text: 'ERROR Deployment.Failed shop It &lt;broke&gt; &amp; "died"',
      blocks: [
        {
          type: 'section',
          text: {
            type: 'mrkdwn',
            text: '*ERROR Deployment.Failed shop*\nIt &lt;broke&gt; &amp; "died"',
          },
        },
        {
          type: 'context',
          elements: [{ type: 'mrkdwn', text: 'default · 2026-11-28T04:00:00.000Z' }],
        },
      ],
    });
  });

  test('is cut where Slack would reject it', () => {
    const { text, blocks } = json(
      slackEncoder,
      eventOf({ type: 'A.B', message: '<'.repeat(5_000) }),
    );
    for (const each of [text, blocks[0].text.text]) {
      expect(each).toHaveLength(3_000);
      expect(each.endsWith('…')).toBe(true);
    }
  });

  test('says a gap', () => {
    expect(JSON.parse(slackEncoder.encodeGap?.(5, 9).body ?? '').text).toBe(
      'Events after index 5 and up to 9 were deleted before they were delivered.',
    );
  });
});

describe('DISCORD', () => {
  test('is text that mentions nobody', () => {
    expect(json(discordEncoder, eventOf({ type: 'A.B', message: '@everyone' }))).toMatchObject({
      content: expect.stringMatching(/^\*\*A\.B\*\*\n@everyone\ndefault · /),
      allowed_mentions: { parse: [] },
    });
  });

  test('is cut where Discord would reject it', () => {
    const { content } = json(discordEncoder, eventOf({ type: 'A.B', message: 'x'.repeat(5_000) }));
    expect(content).toHaveLength(2_000);
  });
});

describe('PAGERDUTY', () => {
  test('a start triggers an incident, and its end resolves the same', () => {
    expect(json(pagerdutyEncoder, begun, 'key')).toMatchObject({
      routing_key: 'key',
      dedup_key: id,
      event_action: 'trigger',
      payload: {
        summary: 'Deployment.Failed shop It <broke> & "died"',
        source: 'deployer-1',
        severity: 'error',
        timestamp: '2026-11-28T04:00:00.000Z',
        class: 'Deployment.Failed',
        component: 'web',
        group: 'deployer',
        custom_details: { id },
      },
    });
    expect(json(pagerdutyEncoder, ended, 'key')).toEqual({
      routing_key: 'key',
      dedup_key: id,
      event_action: 'resolve',
    });
  });

  test('an event without a duration triggers an incident as well', () => {
    const time = '2026-11-28T04:00:00Z';
    const moment = eventOf({ type: 'A.B', time, endTime: time });
    expect(json(pagerdutyEncoder, moment, 'key').event_action).toBe('trigger');
  });

  test('without a routing key nothing can be delivered', () => {
    expect(() => encoded(pagerdutyEncoder)).toThrow(UndeliverableEvent);
  });

  test('a summary has at most 1,024 characters', () => {
    const long = eventOf({ type: 'A.B', message: 'x'.repeat(5_000) });
    expect(json(pagerdutyEncoder, long, 'key').payload.summary).toHaveLength(1_024);
  });
});

test('ALERTMANAGER has the same labels at the start and at the end of an event', () => {
  const [firing] = json(alertmanagerEncoder);
  expect(firing).toEqual({
    labels: {
      alertname: 'Deployment.Failed',
      namespace: 'default',
      severity: 'error',
      key: 'shop',
      service: 'deployer',
      instance: 'deployer-1',
      node: '',
    },
    annotations: { summary: 'It <broke> & "died"', event: id },
    startsAt: '2026-11-28T04:00:00.000Z',
    // Ten years later: it is over when its end is delivered, and not before.
    endsAt: '2036-11-25T04:00:00.000Z',
  });
  const source = begun.source;
  const [resolved] = json(alertmanagerEncoder, { ...ended, source });
  expect(resolved.labels).toEqual(firing.labels);
  expect(resolved.endsAt).toBe('2026-11-28T04:00:05.000Z');
});

test('TEMPLATE escapes values in JSON, and has them as they are elsewhere', () => {
  const body = (text: string) => encoded(templateEncoder(compileTemplate(text, [])));
  expect(body('{"a": "{message}", "n": {index}, "e": {event}}')).toMatchObject({
    contentType: 'application/json',
    body: expect.stringMatching(/^\{"a": "It <broke> & \\"died\\"", "n": 42, "e": \{"id":"0190/),
  });
  expect(body('{type}: {message}')).toEqual({
    contentType: 'text/plain; charset=utf-8',
    headers: {},
    body: 'Deployment.Failed: It <broke> & "died"',
  });
});
