import type { Section } from './section.ts';
import { type HookText, jsonText, plainText, TemplateError } from './text-template.ts';

/** The templates of a hook: null where it does not say that an alarm fires, or that it is over. */
export interface HookTemplates {
  readonly fired: HookText | null;
  readonly recovered: HookText | null;
}

interface SecretUrl {
  readonly url: string;
  readonly secret: string | null;
}

export interface WeLinkRobot {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accessTokenUrl: string;
  readonly messageUrl: string;
  readonly robotName: string;
  readonly groupIds: readonly string[];
}

/** A way in which SkyWalking notifies of alarms. */
export type Hook = {
  /** `slack.default`. */
  readonly id: string;
  /** Whether it is used by rules that name none. */
  readonly isDefault: boolean;
} & (
  | {
      readonly type: 'webhook';
      readonly urls: readonly string[];
      readonly recoveryUrls: readonly string[];
      readonly headers: ReadonlyMap<string, string>;
    }
  | { readonly type: 'gRPC'; readonly host: string; readonly port: number }
  | {
      readonly type: 'slack' | 'wechat';
      readonly templates: HookTemplates;
      readonly urls: readonly string[];
    }
  | {
      readonly type: 'dingtalk' | 'feishu';
      readonly templates: HookTemplates;
      readonly urls: readonly SecretUrl[];
    }
  | {
      readonly type: 'welink';
      readonly templates: HookTemplates;
      readonly robots: readonly WeLinkRobot[];
    }
  | {
      readonly type: 'pagerduty';
      readonly templates: HookTemplates;
      readonly url: string;
      readonly integrationKeys: readonly string[];
    }
  | {
      readonly type: 'discord';
      readonly templates: HookTemplates;
      readonly webhooks: readonly { readonly url: string; readonly username: string }[];
    }
);

type HookType = Hook['type'];

/** Where the one hook of each type was before 9.6. */
const flatKeys: Readonly<Record<string, HookType>> = {
  gRPCHook: 'gRPC',
  slackHooks: 'slack',
  wechatHooks: 'wechat',
  dingtalkHooks: 'dingtalk',
  feishuHooks: 'feishu',
  welinkHooks: 'welink',
  pagerDutyHooks: 'pagerduty',
  discordHooks: 'discord',
};

const types: readonly HookType[] = ['webhook', ...Object.values(flatKeys)];

const pagerDuty = 'https://events.pagerduty.com/v2/enqueue';

/** Reads the hooks of both forms of the file: `hooks.<type>.<name>`, and the flat ones of earlier versions. */
export function readHooks(file: Section): readonly Hook[] {
  const urls = urlsIn(file, 'webhooks');
  const flat: Hook[] =
    urls.length === 0
      ? []
      : [
          {
            id: 'webhook.default',
            isDefault: true,
            type: 'webhook',
            urls,
            recoveryUrls: [],
            headers: new Map(),
          },
        ];
  for (const [key, type] of Object.entries(flatKeys)) {
    const id = `${type}.default`;
    const section = file.section(key, `hook ${id}`);
    if (section !== null) flat.push({ ...readHook(section, type), id, isDefault: true } as Hook);
  }
  const hooks = file.section('hooks', 'hooks');
  if (hooks === null) return flat;
  const named = types.flatMap((type) => readNamed(hooks, type));
  hooks.warnOfUnread();
  return [...flat.filter(({ id }) => !named.some((hook) => hook.id === id)), ...named];
}

function readNamed(hooks: Section, type: HookType): readonly Hook[] {
  const configs = hooks.section(type, `hook ${type}`);
  if (configs === null) return [];
  return configs.keys.flatMap((name) => {
    const id = `${type}.${name}`;
    const section = configs.section(name, `hook ${id}`);
    if (section === null) return [];
    const isDefault = section.flag('is-default');
    const hook = { ...readHook(section, type), id, isDefault } as Hook;
    section.warnOfUnread();
    return [hook];
  });
}

/** What belongs to the type of a hook. */
function readHook(section: Section, type: HookType): object {
  switch (type) {
    case 'webhook':
      return {
        type,
        urls: urlsIn(section, 'urls'),
        recoveryUrls: urlsIn(section, 'recovery-urls'),
        headers: section.map('headers'),
      };
    case 'gRPC':
      return {
        type,
        host: required(section, ['target-host', 'target_host']),
        port: section.wholeNumber(oneOf(section, ['target-port', 'target_port']), {
          min: 1,
          max: 65_535,
          fallback: 0,
        }),
      };
    case 'slack':
    case 'wechat':
      return { type, templates: templatesIn(section, jsonText), urls: urlsIn(section, 'webhooks') };
    case 'dingtalk':
    case 'feishu':
      return {
        type,
        templates: templatesIn(section, jsonText),
        urls: section.sections('webhooks', section.title).map((webhook) => ({
          url: urlIn(webhook, ['url']),
          secret: webhook.text('secret') || null,
        })),
      };
    case 'welink':
      return {
        type,
        templates: templatesIn(section, plainText),
        robots: section.sections('webhooks', section.title).map(readRobot),
      };
    case 'pagerduty':
      return {
        type,
        templates: templatesIn(section, plainText),
        url: section.has('events-api-url') ? urlIn(section, ['events-api-url']) : pagerDuty,
        integrationKeys: section.strings(oneOf(section, ['integration-keys', 'integrationKeys'])),
      };
    case 'discord':
      return {
        type,
        templates: templatesIn(section, plainText),
        webhooks: section.sections('webhooks', section.title).map((webhook) => ({
          url: urlIn(webhook, ['url']),
          username: webhook.text('username') ?? '',
        })),
      };
  }
}

const readRobot = (robot: Section): WeLinkRobot => ({
  clientId: unquoted(required(robot, ['client-id', 'client_id'])),
  clientSecret: unquoted(required(robot, ['client-secret', 'client_secret'])),
  accessTokenUrl: urlIn(robot, ['access-token-url', 'access_token_url']),
  messageUrl: urlIn(robot, ['message-url', 'message_url']),
  robotName: robot.text(oneOf(robot, ['robot-name', 'robot_name'])) ?? '',
  groupIds: required(robot, ['group-ids', 'group_ids'])
    .split(',')
    .map((id) => unquoted(id.trim()))
    .filter((id) => id !== ''),
});

/** SkyWalking sends a WeLink secret as it is written: files have quotation marks within the string for that. */
const unquoted = (text: string): string => text.replace(/^"(.*)"$/s, '$1');

function templatesIn(section: Section, compile: (template: string) => HookText): HookTemplates {
  return {
    fired: textIn(section, ['text-template', 'textTemplate'], compile),
    recovered: textIn(section, ['recovery-text-template', 'recoveryTextTemplate'], compile),
  };
}

function textIn(
  section: Section,
  keys: readonly [string, string],
  compile: (template: string) => HookText,
): HookText | null {
  const key = oneOf(section, keys);
  const template = section.text(key) ?? '';
  if (template.trim() === '') return null;
  try {
    return compile(template);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    section.fault(key, error.message);
    return null;
  }
}

/** The key that is there, else the first: later versions of the file have dashes. */
const oneOf = (section: Section, keys: readonly [string, ...string[]]): string =>
  keys.find((key) => section.has(key)) ?? keys[0];

function required(section: Section, keys: readonly [string, ...string[]]): string {
  const key = oneOf(section, keys);
  const text = section.text(key);
  if (text === null && !section.has(key)) section.fault(key, 'is missing.');
  return text ?? '';
}

function urlIn(section: Section, keys: readonly [string, ...string[]]): string {
  const text = required(section, keys);
  if (text !== '' && !isHttp(text)) section.fault(oneOf(section, keys), notHttp(text));
  return text;
}

function urlsIn(section: Section, key: string): readonly string[] {
  const urls = section.strings(key);
  for (const text of urls) if (!isHttp(text)) section.fault(key, notHttp(text));
  return urls;
}

const isHttp = (text: string): boolean =>
  URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);

/** Not the URL itself: it may hold a secret. */
const notHttp = (text: string): string =>
  `must be an http:// or https:// URL, not one of ${text.length} characters that begins with ${JSON.stringify(text.slice(0, 8))}.`;
