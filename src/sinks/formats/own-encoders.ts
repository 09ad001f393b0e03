import type { Encoder } from '../encoder.ts';
import { alertmanagerEncoder } from './alertmanager.ts';
import { discordEncoder, slackEncoder } from './chat.ts';
import { pagerdutyEncoder } from './pagerduty.ts';
import { standardEncoder } from './standard.ts';

/** The formats that are no dialect's. */
export const ownEncoders: readonly Encoder[] = [
  standardEncoder,
  slackEncoder,
  discordEncoder,
  pagerdutyEncoder,
  alertmanagerEncoder,
];
