import { clean } from './kept.ts';

/** SkyWalking's ids of services, their instances and endpoints: names in base64, joined by the rules of its IDManager. */

/** SkyWalking's name for a blank one. */
const blankName = '_blank';

const encode = (name: string): string =>
  Buffer.from(name.trim() === '' ? blankName : name, 'utf8').toString('base64');

/** As it is kept: an id may hold whatever its sender likes. */
const decode = (text: string): string => clean(Buffer.from(text, 'base64').toString('utf8'));

/** `normal` is false for a service that was only conjectured from its callers. */
export const serviceId = (service: string, normal = true): string =>
  `${encode(service)}.${normal ? 1 : 0}`;

/** The id of an instance or an endpoint, which follow one rule. */
export const partId = (service: string, part: string, normal = true): string =>
  `${serviceId(service, normal)}_${encode(part)}`;

/** The names in an id; part is null in the id of a service. */
export interface EntityNames {
  readonly service: string;
  readonly part: string | null;
}

/** Reads an id of a service, an instance or an endpoint; null where it is none. */
export function namesOf(id: string): EntityNames | null {
  const match = /^(?<service>[A-Za-z0-9+/=]+)\.[01](?:_(?<part>[A-Za-z0-9+/=]+))?$/.exec(id);
  const { service, part } = match?.groups ?? {};
  if (service === undefined) return null;
  return { service: decode(service), part: part === undefined ? null : decode(part) };
}
