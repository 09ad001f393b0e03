import { ceilometer } from './ceilometer/dialect.ts';
import { cloudEvents } from './cloudevents/dialect.ts';
import type { DialectDefinition } from './dialect.ts';
import { mayastor } from './mayastor/dialect.ts';
import { nomad } from './nomad/dialect.ts';
import { otlp } from './otlp/dialect.ts';
import { skyWalking } from './skywalking/dialect.ts';
import { vamp } from './vamp/dialect.ts';

/** Every dialect of the gateway, in the order in which their HTTP interfaces are asked. */
export const dialectDefinitions: readonly DialectDefinition[] = [
  vamp,
  nomad,
  ceilometer,
  skyWalking,
  mayastor,
  cloudEvents,
  otlp,
];
