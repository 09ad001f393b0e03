import type { Event } from '../../event/event.ts';
import { formatInstant } from '../../event/instant.ts';
import type { Encoder } from '../encoder.ts';
import { jsonMessage } from './json-message.ts';

/** Slack cuts a section after 3,000 characters, Discord a message after 2,000. */
const maxSlackLength = 3_000;
const maxDiscordLength = 2_000;

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1)}…` : text;

const headline = ({ type, key, severity }: Event): string =>
  `${severity === 'ERROR' ? 'ERROR ' : ''}${type}${key === null ? '' : ` ${key}`}`;

const gapLine = (from: number, to: number): string =>
  `Events after index ${from} and up to ${to} were deleted before they were delivered.`;

/** Slack's three control characters. */
const slackText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** An incoming webhook of Slack. */
export const slackEncoder: Encoder = {
  format: 'SLACK',
  maxBatch: 1,
  encode: ([event]) => {
    if (event === undefined) return null;
    const lines = [`*${slackText(headline(event))}*`, slackText(event.message ?? '')];
    const section = cut(lines.filter((line) => line !== '').join('\n'), maxSlackLength);
    const context = slackText(`${event.namespace} · ${formatInstant(event.time)}`);
    return jsonMessage({
      text: cut(slackText(`${headline(event)} ${event.message ?? ''}`.trim()), maxSlackLength),
      blocks: [
        { type: 'section', text: { type: 'mrkdwn', text: section } },
        { type: 'context', elements: [{ type: 'mrkdwn', text: cut(context, maxSlackLength) }] },
      ],
    });
  },
  encodeGap: (from, to) => jsonMessage({ text: gapLine(from, to) }),
};

/** Nobody is mentioned by what an event says. */
const discordMessage = (content: string) =>
  jsonMessage({ content: cut(content, maxDiscordLength), allowed_mentions: { parse: [] } });

/** A webhook of Discord. */
export const discordEncoder: Encoder = {
  format: 'DISCORD',
  maxBatch: 1,
  encode: ([event]) => {
    if (event === undefined) return null;
    const when = `${event.namespace} · ${formatInstant(event.time)}`;
    const lines = [`**${headline(event)}**`, event.message ?? '', when];
    return discordMessage(lines.filter((line) => line !== '').join('\n'));
  },
  encodeGap: (from, to) => discordMessage(gapLine(from, to)),
};
