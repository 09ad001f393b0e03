import type { Event } from '../../../event/event.ts';
import type { DeclaredSink } from '../../../sinks/declared-sinks.ts';
import type { EncodedMessage, Encoder } from '../../../sinks/encoder.ts';
import { lazyTarget } from '../../../sinks/lazy-target.ts';
import { alarmCategory } from '../../../sinks/loop-guard.ts';
import type { NetworkPolicy } from '../../../sinks/network-policy.ts';
import { plainWebhook, sinkDefaults } from '../../../sinks/spec.ts';
import type { Target } from '../../../sinks/target.ts';
import { type AlarmMessage, type AlarmRules, alarmMessageOf } from './alarm-message.ts';
import { alarmNamespace } from './declared-rules.ts';
import {
  discordBody,
  feishuBody,
  pagerdutyBody,
  slackBody,
  templateBody,
  webhookBody,
  welinkBody,
} from './hook-bodies.ts';
import type { Hook, HookTemplates } from './hook-settings.ts';
import {
  dingtalkTarget,
  feishuTarget,
  postTarget,
  timeoutMs,
  welinkTarget,
} from './hook-targets.ts';
import type { AlarmSettings } from './settings.ts';
import type { HookText } from './text-template.ts';

/** Messages of one request, where a hook takes several. */
const maxBatch = 1_000;

/** The sinks that the hooks of the settings are, one for each of its addresses. A hook that no rule uses is none. */
export function hookSinks({ hooks, rules }: AlarmSettings): readonly DeclaredSink[] {
  const facts: AlarmRules = new Map(rules.map((rule) => [rule.name, rule]));
  return hooks.flatMap((hook) => {
    const actions = rules
      .filter((rule) => rule.hooks.includes(hook.id) && !rule.onlyAsCondition)
      .map(({ name }) => name);
    if (actions.length === 0) return [];
    return addressesOf(hook).map(({ url, bodyOf, batch, open }, at) => ({
      input: {
        ...shared,
        name: `skywalking:${hook.id}:${at + 1}`,
        filter: { categories: [alarmCategory], actions, namespaces: [alarmNamespace] },
        // Its path and its query are secrets of most hooks.
        target: { webhook: { ...unsigned, url: new URL(url).origin } },
        batch,
      },
      encoder: encoderOf(hook.id, batch, (events) =>
        bodyOf(events.map((event) => alarmMessageOf(event, facts))),
      ),
      openTarget: ({ network }) => open(network),
    }));
  });
}

const shared = {
  namespace: alarmNamespace,
  format: 'SKYWALKING_ALARM',
  ...sinkDefaults,
} as const;

const unsigned = { timeout: `${timeoutMs}ms`, ...plainWebhook };

const encoderOf = (
  id: string,
  batch: number,
  bodyOf: (events: readonly Event[]) => string | null,
): Encoder => ({
  format: `skywalking:${id}`,
  maxBatch: batch,
  encode: (events): EncodedMessage | null => {
    const body = bodyOf(events.filter(({ category }) => category === alarmCategory));
    return body === null ? null : { contentType: 'application/json', headers: {}, body };
  },
});

interface Address {
  readonly url: string;
  readonly batch: number;
  /** Null where the hook has nothing to say of the messages. */
  readonly bodyOf: (messages: readonly AlarmMessage[]) => string | null;
  readonly open: (network: NetworkPolicy) => Target;
}

function addressesOf(hook: Hook): readonly Address[] {
  switch (hook.type) {
    case 'webhook':
      return webhookAddresses(hook);
    case 'gRPC':
      return [
        {
          url: `http://${hook.host}:${hook.port}`,
          batch: maxBatch,
          bodyOf: (messages) => (messages.length === 0 ? null : webhookBody(messages)),
          open: () =>
            lazyTarget(async () => {
              // Its library takes 10 MB of a gateway that does not use it.
              const { GrpcHookTarget } = await import('./grpc-hook.ts');
              return new GrpcHookTarget(`${hook.host}:${hook.port}`);
            }),
        },
      ];
    case 'slack':
      return hook.urls.map((url) => ({
        // One template for all of a request: alarms and recoveries have different ones.
        url,
        ...each(hook.templates, (message, text) => slackBody([message], text)),
        open: (network) => postTarget(url, { network }),
      }));
    case 'wechat':
      return hook.urls.map((url) => ({
        url,
        ...each(hook.templates, templateBody),
        open: (network) => postTarget(url, { network }),
      }));
    case 'dingtalk':
    case 'feishu': {
      const [bodyOf, signed] =
        hook.type === 'feishu' ? [feishuBody, feishuTarget] : [templateBody, dingtalkTarget];
      return hook.urls.map(({ url, secret }) => ({
        url,
        ...each(hook.templates, bodyOf),
        open: (network) =>
          secret === null ? postTarget(url, { network }) : signed(url, secret, network),
      }));
    }
    case 'welink':
      return hook.robots.map((robot) => ({
        url: robot.messageUrl,
        ...each(hook.templates, (message, text) => welinkBody(message, text, robot)),
        open: (network) => welinkTarget(robot, network),
      }));
    case 'pagerduty':
      return hook.integrationKeys.map((key) => ({
        url: hook.url,
        ...pagerdutyBodies(hook.templates, key),
        open: (network) => postTarget(hook.url, { network }),
      }));
    case 'discord':
      return hook.webhooks.map(({ url, username }) => ({
        url,
        ...each(hook.templates, (message, text) => discordBody(message, text, username)),
        open: (network) => postTarget(url, { network }),
      }));
  }
}

function webhookAddresses(hook: Extract<Hook, { type: 'webhook' }>): readonly Address[] {
  const address = (url: string, isAbout: (message: AlarmMessage) => boolean): Address => ({
    url,
    batch: maxBatch,
    bodyOf: (messages) => {
      const own = messages.filter(isAbout);
      return own.length === 0 ? null : webhookBody(own);
    },
    open: (network) => postTarget(url, { network, headers: Object.fromEntries(hook.headers) }),
  });
  return [
    ...hook.urls.map((url) => address(url, ({ recoveryTime }) => recoveryTime === undefined)),
    ...hook.recoveryUrls.map((url) =>
      address(url, ({ recoveryTime }) => recoveryTime !== undefined),
    ),
  ];
}

/** A request for each message, by the template of an alarm or of a recovery. */
const each = (
  templates: HookTemplates,
  bodyOf: (message: AlarmMessage, text: HookText) => string,
): Pick<Address, 'batch' | 'bodyOf'> => ({
  batch: 1,
  bodyOf: ([message]) => {
    if (message === undefined) return null;
    const text = message.recoveryTime === undefined ? templates.fired : templates.recovered;
    return text === null ? null : bodyOf(message, text);
  },
});

/** An incident that was opened is resolved, also without a template for recoveries. */
const pagerdutyBodies = ({ fired, recovered }: HookTemplates, key: string) =>
  each({ fired, recovered: recovered ?? fired }, (message, text) =>
    pagerdutyBody(message, text, key),
  );
