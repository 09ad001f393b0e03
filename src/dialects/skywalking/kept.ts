import { storable } from '../../event/text.ts';
import type { MessageSource } from './message.ts';

/** How many characters are kept of what names something: of a source as many as SkyWalking keeps, else as Tidings can. */
const limits = {
  service: 70,
  serviceInstance: 70,
  endpoint: 150,
  name: 256,
  layer: 256,
  parameter: 256,
} as const;

/** A text without what no database can hold: NUL, and halves of characters. */
export const clean = (text: string): string => storable(text.replaceAll('\0', '')) ?? '';

/** A name as it is kept, and so as it is asked for: clean, and never cut within a character. */
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
