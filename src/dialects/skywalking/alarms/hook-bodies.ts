import { createHmac } from 'node:crypto';
import type { AlarmMessage } from './alarm-message.ts';
import type { WeLinkRobot } from './hook-settings.ts';
import type { HookText } from './text-template.ts';

/** Bodies of SkyWalking's hooks. Values are escaped, which SkyWalking's own templates leave out. */

/** SkyWalking's webhook: an array of messages. */
export const webhookBody = (messages: readonly AlarmMessage[]): string => JSON.stringify(messages);

/** Slack's incoming webhook: a block for each message. */
export const slackBody = (messages: readonly AlarmMessage[], text: HookText): string =>
  JSON.stringify({ blocks: messages.map(({ alarmMessage }) => JSON.parse(text(alarmMessage))) });

/** WeChat and DingTalk: the template itself. */
export const templateBody = ({ alarmMessage }: AlarmMessage, text: HookText): string =>
  text(alarmMessage);

/** The query that signs a request to DingTalk: it begins with an ampersand, because the URL has a query already. */
export function dingtalkSignature(secret: string, timestampMs: number): string {
  const sign = createHmac('sha256', secret).update(`${timestampMs}\n${secret}`).digest('base64');
  return `&timestamp=${timestampMs}&sign=${encodeURIComponent(sign)}`;
}

/** The signature in a body for Feishu. */
export const feishuSignature = (secret: string, timestampSeconds: number): string =>
  createHmac('sha256', `${timestampSeconds}\n${secret}`).update('').digest('base64');

/** Feishu's bot, not signed: of the template its type and content, and those whom `ats` names are mentioned. */
export function feishuBody({ alarmMessage }: AlarmMessage, text: HookText): string {
  const template = objectOf(JSON.parse(text(alarmMessage)));
  const content = objectOf(template.content);
  const mentions =
    typeof template.ats === 'string'
      ? template.ats
          .split(',')
          .map((user) => `<at user_id="${xmlText(user.trim())}"></at>`)
          .join('')
      : '';
  return JSON.stringify({
    msg_type: template.msg_type ?? 'text',
    content:
      mentions === '' ? content : { ...content, text: `${String(content.text ?? '')}${mentions}` },
  });
}

/** Signs a body of feishuBody. */
export const signedFeishuBody = (body: string, secret: string, timestampSeconds: number): string =>
  JSON.stringify({
    ...objectOf(JSON.parse(body)),
    timestamp: timestampSeconds,
    sign: feishuSignature(secret, timestampSeconds),
  });

const objectOf = (json: unknown): Readonly<Record<string, unknown>> =>
  typeof json === 'object' && json !== null ? { ...json } : {};

/** The request for a token of WeLink. */
export const welinkTokenBody = ({ clientId, clientSecret }: WeLinkRobot): string =>
  JSON.stringify({ client_id: clientId, client_secret: clientSecret });

/** A message to WeLink's groups: XML within XML, once as HTML and once as plain text. */
export function welinkBody(
  { alarmMessage, uuid }: AlarmMessage,
  text: HookText,
  { robotName, groupIds }: WeLinkRobot,
): string {
  const plain = text(alarmMessage);
  const inner =
    `<imbody><imagelist/><html><![CDATA[<DIV>${xmlText(plain)}</DIV>]]></html>` +
    `<content><![CDATA[${plain.replaceAll(']]>', ']]]]><![CDATA[>')}]]></content></imbody>`;
  return JSON.stringify({
    app_service_info: { app_service_id: '1', app_service_name: robotName },
    app_msg_id: uuid,
    group_id: groupIds,
    content: `<r><n></n><g>0</g><c>${xmlText(inner)}</c></r>`,
    content_type: 0,
    client_app_id: '1',
  });
}

const xmlText = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');

const severities = ['critical', 'error', 'warning', 'info'];
/** PagerDuty rejects longer summaries. */
const maxSummary = 1_024;

/**
 * PagerDuty's Events API version 2: an alarm triggers an incident, its recovery resolves it. The severity is the tag
 * `level`, where it is one of PagerDuty's.
 */
export function pagerdutyBody(
  message: AlarmMessage,
  text: HookText,
  integrationKey: string,
): string {
  const { alarmMessage, uuid, tags, recoveryTime } = message;
  const level = tags.find(({ key }) => key === 'level')?.value.toLowerCase() ?? '';
  return JSON.stringify({
    payload: {
      summary: text(alarmMessage).slice(0, maxSummary),
      severity: severities.includes(level) ? level : 'warning',
      source: 'Skywalking',
    },
    routing_key: integrationKey,
    dedup_key: uuid,
    event_action: recoveryTime === undefined ? 'trigger' : 'resolve',
  });
}

/** Discord's webhook. */
export const discordBody = (
  { alarmMessage }: AlarmMessage,
  text: HookText,
  username: string,
): string => JSON.stringify({ username, content: text(alarmMessage) });
