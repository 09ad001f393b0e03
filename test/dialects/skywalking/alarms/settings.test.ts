import { describe, expect, test } from 'vitest';
import type {
  Hook,
  HookTemplates,
} from '../../../../src/dialects/skywalking/alarms/hook-settings.ts';
import { readAlarmSettings } from '../../../../src/dialects/skywalking/alarms/settings.ts';
import { AlarmSettingsError } from '../../../../src/dialects/skywalking/alarms/settings-error.ts';

const read = (text: string) => readAlarmSettings(text, 'alarm-settings.yml');

function faultsOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof AlarmSettingsError) return error.faults;
    throw error;
  }
  return [];
}

const fired = ({ fired: text }: HookTemplates, message: string) => text?.(message);

describe('rules of SkyWalking 9.6 and later', () => {
  const { rules } = read(`
rules:
  unhealthy_rule:
    expression: sum(Unhealthy) > 5
    period: 10
    silence-period: 3
    recovery-observation-period: 2
    message: "{name} ({id}) is unhealthy"
    include-names: [a of A, b of A]
    exclude-names: [b of A]
    tags: { level: CRITICAL, team: 7 }
  plain_rule:
    expression: max(increase(Failed, 2)) > 1
    include-names-regex: 'shop-.*'
    exclude-names-regex: '.*-test'
`);

  test('have the given values, and defaults for the others', () => {
    expect(rules).toMatchObject([
      {
        name: 'unhealthy_rule',
        expression: 'sum(Unhealthy) > 5',
        metrics: ['Unhealthy'],
        period: 10,
        silencePeriod: 3,
        recoveryObservationPeriod: 2,
        additionalPeriod: 0,
        tags: [
          { key: 'level', value: 'CRITICAL' },
          { key: 'team', value: '7' },
        ],
        problem: null,
        hooks: [],
      },
      {
        name: 'plain_rule',
        period: 1,
        silencePeriod: 1,
        recoveryObservationPeriod: 0,
        additionalPeriod: 2,
        tags: [],
      },
    ]);
    expect(rules[1]?.minuteRule?.windowMinutes).toBe(3);
  });

  test('have the given message, filled in for an entity, or a default one', () => {
    const entity = { name: 'a of A', id0: 'QQ==.1_YQ==' };
    expect(rules.map(({ message }) => message(entity))).toEqual([
      'a of A (QQ==.1_YQ==) is unhealthy',
      'Alarm caused by Rule plain_rule',
    ]);
  });

  test.each([
    ['a of A', 0, true],
    ['b of A', 0, false],
    ['c of A', 0, false],
    ['shop-1', 1, true],
    ['shop-test', 1, false],
    ['my shop-1', 1, false],
  ])('%s belongs to rule %i: %s', (name, at, expected) => {
    expect(rules[at]?.names.matches(name)).toBe(expected);
  });
});

describe('rules before 9.6', () => {
  test('become expressions', () => {
    const { rules, warnings } = read(`
rules:
  unhealthy_rule:
    metrics-name: Unhealthy
    threshold: 5
    op: ">"
    period: 10
    count: 2
  created_rule:
    metrics-name: compute.instance.create
    threshold: "-1.5"
    op: <=
    only-as-condition: true
`);
    expect(rules).toMatchObject([
      {
        expression: 'sum(Unhealthy > 5) >= 2',
        period: 10,
        silencePeriod: 10,
        onlyAsCondition: false,
      },
      {
        expression: 'sum(`compute.instance.create` <= (0 - 1.5)) >= 1',
        onlyAsCondition: true,
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test('are joined by composite rules, && before ||', () => {
    const text = (expression: string) => `
rules:
  a_rule: { metrics-name: A, op: ">", threshold: 0, period: 2, exclude-names: [x] }
  b_rule: { metrics-name: B, op: ">", threshold: 0, period: 3 }
  c_rule: { metrics-name: C, op: ">", threshold: 0 }
composite-rules:
  all_rule:
    expression: ${expression}
    message: "{name} is bad"
    tags: { level: WARNING }
`;
    const composite = (expression: string) => read(text(expression)).rules.at(-1);
    expect(composite('a_rule && b_rule')).toMatchObject({
      name: 'all_rule',
      expression: 'a_rule && b_rule',
      metrics: ['A', 'B'],
      tags: [{ key: 'level', value: 'WARNING' }],
    });
    expect(composite('a_rule && b_rule')?.names.matches('x')).toBe(false);
    const fires = (expression: string, ...counts: readonly (number | null)[]) => {
      const rule = composite(expression)?.minuteRule;
      const window = counts.map((count) =>
        [null, null, count].slice(3 - (rule?.windowMinutes ?? 0)),
      );
      return rule?.check(rule.initial, rule.verdicts(window)).outcome === 'FIRED';
    };
    expect(fires('a_rule && b_rule', 1, 1)).toBe(true);
    expect(fires('a_rule && b_rule', 1, null)).toBe(false);
    expect(fires('a_rule || b_rule && c_rule', 1, null, null)).toBe(true);
    expect(fires('(a_rule || b_rule) && c_rule', 1, null, null)).toBe(false);
  });

  test('of metrics that are not events have a problem that names rule and key, and others go on', () => {
    const { rules, warnings } = read(`
rules:
  slow_rule: { metrics-name: service_resp_time, op: ">", threshold: 1000 }
  percentile_rule: { metrics-name: service_percentile, op: ">", threshold: "1000,-,1000" }
  lost_rule: { expression: sum(event_lost_count > 1) >= 1 }
  events_rule: { expression: sum(event_error_count) > 3 }
composite-rules:
  both_rule: { expression: slow_rule && events_rule }
`);
    expect(rules.map(({ minuteRule }) => minuteRule !== null)).toEqual([
      false,
      false,
      false,
      true,
      false,
    ]);
    expect(rules[0]?.problem).toMatch(
      /^slow_rule, metrics-name: At character 5: There is no metric service_resp_time here/,
    );
    expect(rules[2]?.problem).toMatch(/^lost_rule, expression: At character 5: There is no metric/);
    expect(rules[4]?.problem).toBe(rules[0]?.problem);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(
      /^alarm-settings\.yml:3: rule slow_rule, metrics-name: The rule is not/,
    );
  });
});

describe('a file made for SkyWalking', () => {
  const { rules, warnings, hooks } = read(`
# What comes with a server: rules about its own metrics, in every scope.
rules:
#  endpoint_rule:
#    expression: sum(endpoint_sla < 7500) >= 3
  latency_rule:
    expression: sum(service_resp_time > 800) >= 3
    period: 10
    silence-period: 5
    recovery-observation-period: 3
    message: Service {name} answers slowly.
  percentile_rule:
    expression: sum(service_percentile{p='50,95'} > 800) >= 3
  relation_rule:
    expression: sum(endpoint_relation_resp_time > 800) >= 2
    tags:
      level: WARNING
  trend_rule:
    expression: sum(abs(increase(service_cpm, 1)) > 0) >= 1
    hooks: [ webhook.custom ]
  both_rule:
    expression: sum((endpoint_sla / 100 < 75) && (service_resp_time > 100)) >= 3
  plan_rule:
    expression: sum(restarts > baseline(restarts, lower)) >= 1
  broker_rule:
    expression: sum(meter_flink_jobManager_jvm_cpu_load > 1) >= 1
  bucket_rule:
    expression: sum(aws_s3_4xx > 1) >= 1
  unhealthy_rule:
    expression: sum(Unhealthy > 5) >= 1
    include-names-regex: node\\_\\d+ of shop
    period: 10
hooks:
  webhook:
    default: { is-default: true, urls: [ "http://127.0.0.1/a/", "http://127.0.0.1/b/" ] }
    custom: { urls: [ "http://x:9090/a" ], recovery-urls: [ "http://x:9090/b" ], headers: { Authorization: Bearer x } }
  dingtalk:
    default:
      is-default: true
      text-template: |-
        { "msgtype": "text", "text": { "content": "Alarm: \\n %s." } }
      webhooks:
        - url: https://ding.example/a
          secret:
#  slack:
#    default: {}
`);

  test('is used as it is: rules about metrics that are not of events have a problem, the others go on', () => {
    expect(
      rules.map(({ name, problem }) => [name, problem?.replace(/ here.*/s, '') ?? null]),
    ).toEqual([
      ['latency_rule', noMetric('latency_rule', 5, 'service_resp_time')],
      ['percentile_rule', noMetric('percentile_rule', 5, 'service_percentile')],
      ['relation_rule', noMetric('relation_rule', 5, 'endpoint_relation_resp_time')],
      ['trend_rule', noMetric('trend_rule', 18, 'service_cpm')],
      ['both_rule', noMetric('both_rule', 6, 'endpoint_sla')],
      ['plan_rule', 'plan_rule, expression: At character 16: There are no predicted values'],
      ['broker_rule', noMetric('broker_rule', 5, 'meter_flink_jobManager_jvm_cpu_load')],
      ['bucket_rule', noMetric('bucket_rule', 5, 'aws_s3_4xx')],
      ['unhealthy_rule', null],
    ]);
    expect(rules.at(-1)?.names.matches('node_12 of shop')).toBe(true);
    expect(hooks.map(({ id }) => id)).toEqual([
      'webhook.default',
      'webhook.custom',
      'dingtalk.default',
    ]);
  });

  test('each of those rules is warned of with its line and key, and nothing else is', () => {
    expect(warnings.map((warning) => warning.slice(0, warning.indexOf(' At')))).toEqual(
      [
        ['latency_rule', 7],
        ['percentile_rule', 13],
        ['relation_rule', 15],
        ['trend_rule', 19],
        ['both_rule', 22],
        ['plan_rule', 24],
        ['broker_rule', 26],
        ['bucket_rule', 28],
      ].map(
        ([name, line]) =>
          `alarm-settings.yml:${line}: rule ${name}, expression: The rule is not evaluated.`,
      ),
    );
  });

  function noMetric(rule: string, character: number, metric: string): string {
    return `${rule}, expression: At character ${character}: There is no metric ${metric}`;
  }
});

describe('hooks', () => {
  const json = (text: string) => JSON.stringify({ text: { content: text } });

  test('of each kind are read, and rules have their own or the defaults', () => {
    const { hooks, rules } = read(`
rules:
  own_rule: { expression: sum(A) > 0, hooks: [slack.ops, discord.chat] }
  default_rule: { expression: sum(A) > 0 }
hooks:
  webhook:
    default:
      is-default: true
      urls: [http://127.0.0.1/fired]
      recovery-urls: [http://127.0.0.1/over]
      headers: { Authorization: Bearer x }
  gRPC:
    default: { is-default: yes, target-host: 127.0.0.1, target-port: 9888 }
  slack:
    ops:
      text-template: |-
        {
          "type": "section",
          # who is asked
          "text": { "type": "mrkdwn", "text": ":alarm_clock: *Alarm* \\n **%s**." }
        }
      recovery-text-template: '{"type":"section","text":"%s is over"}'
      webhooks: [https://hooks.slack.com/services/x]
  wechat:
    default: { text-template: '${json('%s')}', webhooks: [https://wechat.example/send] }
  dingtalk:
    default:
      text-template: '${json('%s')}'
      webhooks: [{ url: https://ding.example/send?a=1, secret: SECabc }, { url: https://ding.example, secret: }]
  feishu:
    default:
      text-template: '{"msg_type":"text","content":{"text":"%s"},"ats":"u1,u2"}'
      webhooks: [{ url: https://feishu.example, secret: s }]
  welink:
    default:
      text-template: "Alarm: %s"
      webhooks:
        - client-id: '"quoted"'
          client-secret: secret
          access-token-url: https://welink.example/token
          message-url: https://welink.example/message
          group-ids: '"1","2"'
          robot-name: robot
  pagerduty:
    default: { text-template: "100%% %s", integration-keys: [k1, k2] }
    europe:
      text-template: "%1$s"
      events-api-url: https://events.eu.pagerduty.com/v2/enqueue
      integration-keys: [k3]
  discord:
    chat: { text-template: "%s%n", webhooks: [{ url: https://discord.example, username: robot }] }
`);
    const byId = new Map(hooks.map((hook) => [hook.id, hook]));
    const hook = <Type extends Hook['type']>(id: string, type: Type) => {
      const found = byId.get(id);
      expect(found?.type).toBe(type);
      return found as Hook & { readonly type: Type };
    };
    expect([...byId.keys()].sort()).toEqual([
      'dingtalk.default',
      'discord.chat',
      'feishu.default',
      'gRPC.default',
      'pagerduty.default',
      'pagerduty.europe',
      'slack.ops',
      'webhook.default',
      'wechat.default',
      'welink.default',
    ]);
    expect(hook('webhook.default', 'webhook')).toMatchObject({
      isDefault: true,
      urls: ['http://127.0.0.1/fired'],
      recoveryUrls: ['http://127.0.0.1/over'],
      headers: new Map([['Authorization', 'Bearer x']]),
    });
    expect(hook('gRPC.default', 'gRPC')).toMatchObject({ isDefault: true, port: 9888 });
    expect(fired(hook('slack.ops', 'slack').templates, 'a "b"')).toBe(
      '{\n  "type": "section",\n  "text": { "type": "mrkdwn", "text": ":alarm_clock: *Alarm* \\n **a \\"b\\"**." }\n}',
    );
    expect(hook('slack.ops', 'slack').templates.recovered?.('x')).toBe(
      '{"type":"section","text":"x is over"}',
    );
    expect(hook('wechat.default', 'wechat').templates.recovered).toBeNull();
    expect(hook('dingtalk.default', 'dingtalk').urls).toEqual([
      { url: 'https://ding.example/send?a=1', secret: 'SECabc' },
      { url: 'https://ding.example', secret: null },
    ]);
    expect(hook('welink.default', 'welink').robots).toMatchObject([
      { clientId: 'quoted', groupIds: ['1', '2'], robotName: 'robot' },
    ]);
    expect(fired(hook('pagerduty.default', 'pagerduty').templates, '5 % $& %s')).toBe(
      '100% 5 % $& %s',
    );
    expect(hook('pagerduty.default', 'pagerduty').url).toBe(
      'https://events.pagerduty.com/v2/enqueue',
    );
    expect(hook('pagerduty.europe', 'pagerduty').url).toMatch(/events\.eu/);
    expect(fired(hook('discord.chat', 'discord').templates, 'x')).toBe('x\n');
    expect(rules.map((rule) => [...rule.hooks].sort())).toEqual([
      ['discord.chat', 'slack.ops'],
      ['gRPC.default', 'webhook.default'],
    ]);
  });

  test('of the flat form are the defaults of all rules', () => {
    const { hooks, rules } = read(`
rules:
  a_rule: { metrics-name: A, op: ">", threshold: 0 }
webhooks: [http://127.0.0.1/notify/]
gRPCHook: { target_host: 127.0.0.1, target_port: 9888 }
slackHooks: { textTemplate: '{"text":"%s"}', webhooks: [https://hooks.slack.com/x] }
dingtalkHooks: { textTemplate: '{"text":"%s"}', webhooks: [{ url: https://ding.example, secret: s }] }
welinkHooks:
  textTemplate: "%s"
  webhooks:
    - client_id: c
      client_secret: s
      access_token_url: https://welink.example/token
      message_url: https://welink.example/message
      group_ids: g
      robot_name: robot
pagerDutyHooks: { textTemplate: "%s", integrationKeys: [k] }
discordHooks: { textTemplate: "%s", webhooks: [{ url: https://discord.example, username: u }] }
`);
    const ids = [
      'webhook.default',
      'gRPC.default',
      'slack.default',
      'dingtalk.default',
      'welink.default',
      'pagerduty.default',
      'discord.default',
    ];
    expect(hooks.map(({ id }) => id)).toEqual(ids);
    expect(rules[0]?.hooks).toEqual(ids);
  });
});

describe('a fault names the line, the rule and the key', () => {
  const rule = (lines: string) => `rules:\n  x_rule:\n${lines}`;

  test.each([
    [rule('    period: 1'), /^alarm-settings\.yml:3: rule x_rule, expression: is missing\.$/],
    [
      rule('    expression: sum(A)'),
      /:3: rule x_rule, expression: At character 1: .*does not compare/,
    ],
    [rule('    expression: sum(A > 1'), /:3: rule x_rule, expression: At character 10: /],
    [rule('    expression: mean(A) > 1'), /:3: .*At character 1: There is no function "mean"/],
    [
      rule('    expression: sum(A) > 1\n    period: 0'),
      /:4: rule x_rule, period: .*from 1 to 1440, not "?0/,
    ],
    [rule('    expression: sum(A) > 1\n    period: 1441'), /:4: rule x_rule, period: .*1441/],
    [rule('    expression: sum(A) > 1\n    period: soon'), /period: .*not "soon"/],
    [
      rule('    expression: sum(A) > 1\n    silence-period: -1'),
      /silence-period: .*from 0 to 1440/,
    ],
    [rule('    metrics-name: A\n    op: ">"'), /:3: rule x_rule, threshold: is missing/],
    [
      rule('    metrics-name: A\n    op: ">"\n    threshold: many'),
      /:5: rule x_rule, threshold: must be a number, not "many"/,
    ],
    [rule('    metrics-name: A\n    op: ">"\n    threshold: "-"'), /threshold: must be a number/],
    [rule('    metrics-name: A\n    op: ">"\n    threshold: 1,2'), /threshold: must be one number/],
    [
      rule('    metrics-name: A\n    op: "=>"\n    threshold: 1'),
      /op: must be one of > >= < <= ==, not "=>"/,
    ],
    [rule('    op: ">"\n    threshold: 1'), /metrics-name: is missing/],
    [rule('    expression: sum(A) > 1\n    message: "{who}"'), /message: \{who\} has no meaning/],
    [
      rule('    expression: sum(A) > 1\n    include-names-regex: (a+)+'),
      /include-names-regex: at character 5: /,
    ],
    [rule('    expression: sum(A) > 1\n    include-names: a'), /include-names: must be a list/],
    [rule('    expression: sum(A) > 1\n    tags: [a]'), /tags: must be a mapping of strings/],
    [
      rule('    expression: sum(A) > 1\n    hooks: [slack.none]'),
      /hooks: there is no hook "slack\.none"/,
    ],
    ['rules:\n  x_rule: 5', /:2: rules, x_rule: must be a mapping, not "5"/],
    ['rules:\n  x_rule:', /:2: rules, x_rule: must be a mapping/],
    ['rules: [1]', /:1: rules: must be a mapping/],
    [
      'composite-rules:\n  y_rule: { expression: x_rule }',
      /y_rule, expression: there is no rule "x_rule"/,
    ],
    [
      'composite-rules:\n  y_rule: { expression: x_rule & z_rule }',
      /At character 8: Expected && or \|\|/,
    ],
    [
      'hooks:\n  slack:\n    a:\n      text-template: "no json %s"',
      /:4: hook slack\.a, text-template: The template is not JSON/,
    ],
    [
      'hooks:\n  discord:\n    a: { text-template: "%d" }',
      /text-template: At character 1: "%d" has no meaning/,
    ],
    [
      'hooks:\n  webhook:\n    a: { urls: [ftp://x] }',
      /hook webhook\.a, urls: must be an http:\/\//,
    ],
    ['hooks:\n  gRPC:\n    a: { target-host: x, target-port: 70000 }', /target-port: .*65535/],
    [
      'hooks:\n  dingtalk:\n    a: { text-template: \'{"a":"%s"}\', webhooks: [{ secret: s }] }',
      /hook dingtalk\.a, url: is missing/,
    ],
    ['rules: {', /^alarm-settings\.yml:1: /],
    ['- a', /:1: the file must be a mapping/],
    ['a: *b', /^alarm-settings\.yml/],
  ])('%j', (text, expected) => {
    const faults = faultsOf(text);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(expected);
  });

  test('all faults are named at once', () => {
    expect(faultsOf(rule('    expression: sum(A)\n    period: 0\n    hooks: [a.b]'))).toHaveLength(
      3,
    );
  });

  test('the secret in a malformed URL is not shown', () => {
    const [fault] = faultsOf('webhooks: ["htp://user:secret@host/"]');
    expect(fault).not.toContain('secret');
  });
});

test('keys without a meaning, and rules whose id is none, are warned of', () => {
  const { warnings, rules } = read(`
rules:
  a_rule: { expression: sum(A) > 1, silence-perod: 3 }
  other: { expression: nonsense }
hooks:
  pager: { a: {} }
`);
  expect(rules.map(({ name }) => name)).toEqual(['a_rule']);
  expect(warnings).toEqual([
    expect.stringMatching(/:6: hooks, pager: has no meaning here/),
    expect.stringMatching(/:4: rules, other: is left out: the id of a rule ends with _rule/),
    expect.stringMatching(/:3: rule a_rule, silence-perod: has no meaning here/),
  ]);
});
