import { describe, expect, test } from 'vitest';
import type { AlarmMessage } from '../../../../src/dialects/skywalking/alarms/alarm-message.ts';
import {
  dingtalkSignature,
  discordBody,
  feishuBody,
  feishuSignature,
  pagerdutyBody,
  signedFeishuBody,
  slackBody,
  templateBody,
  webhookBody,
  welinkBody,
  welinkTokenBody,
} from '../../../../src/dialects/skywalking/alarms/hook-bodies.ts';
import { jsonText, plainText } from '../../../../src/dialects/skywalking/alarms/text-template.ts';

const message: AlarmMessage = {
  scopeId: 1,
  scope: 'SERVICE',
  name: 'serviceA',
  id0: 'c2VydmljZUE=.1',
  id1: '',
  ruleName: 'service_resp_time_rule',
  alarmMessage: 'Response time of "serviceA" \\ is 5 % <high>\n',
  tags: [{ key: 'level', value: 'WARNING' }],
  startTime: 1_560_524_171_000,
  hooks: ['webhook.default'],
  expression: 'sum(A > 1) >= 1',
  mqeMetricsSnapshot: { A: '[]' },
  uuid: '01890000-0000-7000-8000-000000000001',
  layers: ['GENERAL'],
};
const recovery: AlarmMessage = { ...message, layers: [], recoveryTime: 1_560_524_351_000 };
const text = message.alarmMessage;

const robot = {
  clientId: 'id"1',
  clientSecret: 's',
  accessTokenUrl: '',
  messageUrl: '',
  robotName: 'robot',
  groupIds: ['g1', 'g2'],
};

test('webhook: an array of messages, in the order of their members', () => {
  expect(webhookBody([message])).toBe(
    '[{"scopeId":1,"scope":"SERVICE","name":"serviceA","id0":"c2VydmljZUE=.1","id1":"","ruleName":"service_resp_time_rule",' +
      '"alarmMessage":"Response time of \\"serviceA\\" \\\\ is 5 % <high>\\n","tags":[{"key":"level","value":"WARNING"}],' +
      '"startTime":1560524171000,"hooks":["webhook.default"],"expression":"sum(A > 1) >= 1","mqeMetricsSnapshot":{"A":"[]"},' +
      '"uuid":"01890000-0000-7000-8000-000000000001","layers":["GENERAL"]}]',
  );
  expect(JSON.parse(webhookBody([recovery, message]))).toMatchObject([
    { recoveryTime: 1_560_524_351_000, layers: [] },
    { startTime: 1_560_524_171_000 },
  ]);
});

test('slack: a block for each message', () => {
  const template = jsonText('{"type":"section","text":{"type":"mrkdwn","text":"*%s*"}}');
  expect(JSON.parse(slackBody([message, recovery], template))).toEqual({
    blocks: Array.from({ length: 2 }, () => ({
      type: 'section',
      text: { type: 'mrkdwn', text: `*${text}*` },
    })),
  });
});

test('wechat and dingtalk: the template', () => {
  const template = jsonText('{"msgtype":"text","text":{"content":"Alarm: \\n %s."}}');
  expect(JSON.parse(templateBody(message, template))).toEqual({
    msgtype: 'text',
    text: { content: `Alarm: \n ${text}.` },
  });
});

test('dingtalk: the signature in the query', () => {
  expect(dingtalkSignature('SECabc', 1_700_000_000_000)).toBe(
    '&timestamp=1700000000000&sign=jcUpW0QmtKduN03n4JqQ0PBosVjqnM8gU7fIIvsDmCM%3D',
  );
});

describe('feishu', () => {
  test('is signed in the body', () => {
    expect(feishuSignature('SECabc', 1_700_000_000)).toBe(
      'XprR1de+0SSBnwWyU/4k6x2TL+Q2SJlM5NNEdAv7MWg=',
    );
    const body = feishuBody(message, jsonText('{"msg_type":"text","content":{"text":"%s"}}'));
    expect(JSON.parse(signedFeishuBody(body, 'SECabc', 1_700_000_000))).toEqual({
      msg_type: 'text',
      content: { text },
      timestamp: 1_700_000_000,
      sign: 'XprR1de+0SSBnwWyU/4k6x2TL+Q2SJlM5NNEdAv7MWg=',
    });
  });

  test('mentions users, and leaves out other members of the template', () => {
    const template = jsonText(
      '{"msg_type":"text","content":{"text":"%s"},"ats":"u1, u2","other":1}',
    );
    expect(JSON.parse(feishuBody(message, template))).toEqual({
      msg_type: 'text',
      content: { text: `${text}<at user_id="u1"></at><at user_id="u2"></at>` },
    });
  });
});

describe('welink', () => {
  test('asks for a token with quoted values', () => {
    expect(welinkTokenBody(robot)).toBe('{"client_id":"id\\"1","client_secret":"s"}');
  });

  test('has the message twice, as HTML and as plain text', () => {
    const body = JSON.parse(
      welinkBody({ ...message, alarmMessage: 'bad' }, plainText('Alarm: %s'), robot),
    );
    expect(body).toEqual({
      app_service_info: { app_service_id: '1', app_service_name: 'robot' },
      app_msg_id: message.uuid,
      group_id: ['g1', 'g2'],
      content:
        '<r><n></n><g>0</g><c>&lt;imbody&gt;&lt;imagelist/&gt;&lt;html&gt;&lt;![CDATA[&lt;DIV&gt;Alarm: bad&lt;/DIV&gt;]]&gt;&lt;/html&gt;' +
        '&lt;content&gt;&lt;![CDATA[Alarm: bad]]&gt;&lt;/content&gt;&lt;/imbody&gt;</c></r>',
      content_type: 0,
      client_app_id: '1',
    });
  });

  test('cannot be broken out of', () => {
    const alarmMessage = '<b>&]]></content><x/>';
    const { content } = JSON.parse(
      welinkBody({ ...message, alarmMessage }, plainText('%s'), robot),
    );
    const inner = /<c>(.*)<\/c>/s
      .exec(content)?.[1]
      ?.replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');
    expect(inner).toBe(
      '<imbody><imagelist/><html><![CDATA[<DIV>&lt;b&gt;&amp;]]&gt;&lt;/content&gt;&lt;x/&gt;</DIV>]]></html>' +
        '<content><![CDATA[<b>&]]]]><![CDATA[></content><x/>]]></content></imbody>',
    );
  });
});

describe('pagerduty', () => {
  const body = (of: AlarmMessage) => JSON.parse(pagerdutyBody(of, plainText('Alarm: %s'), 'key'));

  test('triggers an incident, which the recovery resolves', () => {
    expect(body(message)).toEqual({
      payload: { summary: `Alarm: ${text}`, severity: 'warning', source: 'Skywalking' },
      routing_key: 'key',
      dedup_key: message.uuid,
      event_action: 'trigger',
    });
    expect(body(recovery)).toMatchObject({ dedup_key: message.uuid, event_action: 'resolve' });
  });

  test.each([
    ['CRITICAL', 'critical'],
    ['info', 'info'],
    ['P1', 'warning'],
  ])('of the level %s has the severity %s', (value, severity) => {
    expect(body({ ...message, tags: [{ key: 'level', value }] }).payload.severity).toBe(severity);
    expect(body({ ...message, tags: [] }).payload.severity).toBe('warning');
  });

  test('has at most 1,024 characters in its summary', () => {
    expect(body({ ...message, alarmMessage: 'x'.repeat(2_000) }).payload.summary).toHaveLength(
      1_024,
    );
  });
});

test('discord: a name and the message', () => {
  expect(JSON.parse(discordBody(message, plainText('%s'), 'robot'))).toEqual({
    username: 'robot',
    content: text,
  });
});
