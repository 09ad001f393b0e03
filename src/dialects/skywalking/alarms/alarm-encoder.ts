import type { Encoder } from '../../../sinks/encoder.ts';
import { alarmCategory } from '../../../sinks/loop-guard.ts';
import { type AlarmRules, alarmMessageOf } from './alarm-message.ts';
import { webhookBody } from './hook-bodies.ts';

/** Messages in one request: SkyWalking sends all of one check. */
const maxBatch = 1_000;

/** SkyWalking's webhook: an array of alarm messages, in which a recovery has a recoveryTime. Other events have none. */
export const alarmEncoder = (settings: { readonly rules: AlarmRules }): Encoder => ({
  format: 'SKYWALKING_ALARM',
  maxBatch,
  encode: (events) => {
    const alarms = events.filter(({ category }) => category === alarmCategory);
    if (alarms.length === 0) return null;
    const messages = alarms.map((event) => alarmMessageOf(event, settings.rules));
    return { contentType: 'application/json', headers: {}, body: webhookBody(messages) };
  },
});
