import { storable } from '../../event/text.ts';
import type { MessageSource } from './message.ts';

/** Characters that are kept of a name: of a source as in SkyWalking, of others as many as Tidings takes. */
const limits = {
  service: 70,
  serviceInstance: 70,
  endpoint: 150,
  name: 256,
  layer: 256,
  parameter: 256,
} as const;

/** A string as a database can store it: without NUL and halves of surrogate pairs. */
export const clean = (text: string): string => storable(text.replaceAll('\0', '')) ?? '';

/** A name as it is stored, and so as it is found: clean, and never cut within a character. */
export const kept = (kind: keyof typeof limits, text: string): string =>
  clean(text)
    .slice(0, limits[kind])
    .replace(/[\uD800-\uDBFF]$/, '');

/** A source of which any part may be missing. */
export type SourceTexts = {
  readonly [Field in keyof MessageSource]?: string | null | undefined;
};

export const keptSource = (source: SourceTexts): MessageSource => ({
  service: kept('service', source.service ?? ''),
  serviceInstance: kept('serviceInstance', source.serviceInstance ?? ''),
  endpoint: kept('endpoint', source.endpoint ?? ''),
});
