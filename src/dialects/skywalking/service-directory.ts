import type { Filter } from '../../event/filter.ts';
import type { GroupField, Store } from '../../store/store.ts';
import { type Duration, spanOf } from './duration.ts';
import { namesOf, partId, serviceId } from './entity-id.ts';
import { kept } from './kept.ts';
import { shownLayer } from './layer.ts';

/** A service as SkyWalking's metadata protocol describes one. */
export interface Service {
  readonly id: string;
  readonly name: string;
  /** The part of the name before `::`, else empty. */
  readonly group: string;
  readonly shortName: string;
  readonly layers: readonly string[];
  /** False for a service that is only known from its callers. */
  readonly normal: boolean;
}

/** An instance or an endpoint of a service. */
export interface ServicePart {
  readonly id: string;
  readonly name: string;
  readonly serviceId: string;
  readonly serviceName: string;
}

export type PartKind = 'INSTANCE' | 'ENDPOINT';

interface PartsRequest {
  readonly kind: PartKind;
  readonly serviceId: string;
  readonly duration?: Duration | null | undefined;
  readonly keyword?: string | null | undefined;
  readonly limit?: number | undefined;
}

const maxGroups = 10_000;

/**
 * The services, instances and endpoints that events name: people choose among them in SkyWalking's clients before they
 * ask for events. Others are not known here.
 */
export class ServiceDirectory {
  readonly #store: Store;
  #reading: Promise<readonly Service[]> | null = null;

  constructor(store: Store) {
    this.#store = store;
  }

  async layers(): Promise<readonly string[]> {
    const services = await this.#services();
    return [...new Set(services.flatMap(({ layers }) => layers))].sort();
  }

  /** The services of one layer, or all of them. */
  async services(layer: string | null | undefined): Promise<readonly Service[]> {
    const services = await this.#services();
    return layer ? services.filter(({ layers }) => layers.includes(layer)) : services;
  }

  /** Null where no event of any dialect names the service. */
  async serviceNamed(name: string): Promise<Service | null> {
    const service = kept('service', name);
    if (service === '') return null;
    const rows = await this.#groups({ source: { service } }, ['LAYER']);
    return rows.length === 0
      ? null
      : serviceOf(
          service,
          rows.map(([layer = null]) => layer),
        );
  }

  async serviceWithId(id: string): Promise<Service | null> {
    const names = namesOf(id);
    return names === null || names.part !== null ? null : this.serviceNamed(names.service);
  }

  async parts(request: PartsRequest): Promise<readonly ServicePart[]> {
    const { kind, duration, keyword, limit = maxGroups } = request;
    const names = namesOf(request.serviceId);
    if (names === null) return [];
    const filter: Filter = {
      source: { service: names.service },
      ...(duration ? { time: spanOf(duration) } : {}),
    };
    const rows = await this.#groups(filter, [kind]);
    return rows
      .flatMap(([name]) => name ?? [])
      .filter((name) => name.includes(keyword ?? ''))
      .slice(0, Math.max(limit, 0))
      .map((name) => partOf(names.service, name));
  }

  /** Null where no event names the part. */
  async partWithId(kind: PartKind, id: string): Promise<ServicePart | null> {
    const names = namesOf(id);
    if (names === null || names.part === null) return null;
    const { service, part } = names;
    const source = kind === 'INSTANCE' ? { service, instance: part } : { service, endpoint: part };
    const { events } = await this.#store.page({ filter: { source }, order: 'TIME_DESC', limit: 1 });
    return events.length === 0 ? null : partOf(service, part);
  }

  /** One read serves all simultaneous calls: a user interface asks for every layer in one document. */
  #services(): Promise<readonly Service[]> {
    this.#reading ??= this.#readServices().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readServices(): Promise<readonly Service[]> {
    const layers = new Map<string, (string | null)[]>();
    const rows = await this.#groups({ dialects: ['SKYWALKING'] }, ['SERVICE', 'LAYER']);
    for (const [service, layer = null] of rows) {
      if (service === null || service === undefined) continue;
      layers.set(service, [...(layers.get(service) ?? []), layer]);
    }
    return [...layers].map(([service, its]) => serviceOf(service, its)).sort(byName);
  }

  async #groups(
    filter: Filter,
    fields: readonly GroupField[],
  ): Promise<readonly (readonly (string | null)[])[]> {
    const rows = await this.#store.aggregate({
      filter,
      measure: null,
      groupBy: fields.map((field) => ({ by: 'field', field })),
      intervalMicros: null,
      timeZone: 'UTC',
      percentiles: [],
      limit: maxGroups,
    });
    return rows.map(({ group }) => group);
  }
}

function serviceOf(name: string, reported: readonly (string | null)[]): Service {
  const layers = [...new Set(reported.map(shownLayer))].sort();
  const normal = !layers.every((layer) => layer.startsWith('VIRTUAL_'));
  const [group, shortName] = name.includes('::') ? splitOnce(name, '::') : ['', name];
  return { id: serviceId(name, normal), name, group, shortName, layers, normal };
}

function partOf(service: string, name: string): ServicePart {
  return {
    id: partId(service, name),
    name,
    serviceId: serviceId(service),
    serviceName: service,
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + separator.length)];
}

const byName = (a: Service, b: Service): number => (a.name < b.name ? -1 : 1);
