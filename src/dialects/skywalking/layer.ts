import type { Filter } from '../../event/filter.ts';

/** Answered for an event whose layer SkyWalking does not know. */
const undefinedLayer = 'UNDEFINED';

/** The layers of SkyWalking, in the order of their numbers from 1; names are matched exactly. */
const layers = [
  'MESH',
  'GENERAL',
  'OS_LINUX',
  'K8S',
  'FAAS',
  'MESH_CP',
  'MESH_DP',
  'DATABASE',
  'CACHE',
  'BROWSER',
  'SO11Y_OAP',
  'SO11Y_SATELLITE',
  'MQ',
  'VIRTUAL_DATABASE',
  'VIRTUAL_MQ',
  'VIRTUAL_GATEWAY',
  'K8S_SERVICE',
  'MYSQL',
  'VIRTUAL_CACHE',
  'POSTGRESQL',
  'APISIX',
  'AWS_EKS',
  'OS_WINDOWS',
  'AWS_S3',
  'AWS_DYNAMODB',
  'AWS_GATEWAY',
  'REDIS',
  'ELASTICSEARCH',
  'RABBITMQ',
  'MONGODB',
  'KAFKA',
  'PULSAR',
  'BOOKKEEPER',
  'NGINX',
  'ROCKETMQ',
  'CLICKHOUSE',
  'ACTIVEMQ',
  'CILIUM_SERVICE',
  'SO11Y_JAVA_AGENT',
  'KONG',
  'SO11Y_GO_AGENT',
  'FLINK',
  'BANYANDB',
  'GENAI',
  'VIRTUAL_GENAI',
  'ENVOY_AI_GATEWAY',
  'IOS',
  'WECHAT_MINI_PROGRAM',
  'ALIPAY_MINI_PROGRAM',
  'AIRFLOW',
] as const;

const known: ReadonlySet<string> = new Set(layers);

/** The layer under which SkyWalking shows an event: its own, or UNDEFINED where SkyWalking does not know it. */
export const shownLayer = (layer: string | null): string =>
  layer !== null && known.has(layer) ? layer : undefinedLayer;

/** Also matches the layer under which events are shown; null and the empty string mean every layer. */
export function withLayer(filter: Filter, layer: string | null | undefined): Filter {
  if (!layer) return filter;
  if (layer !== undefinedLayer) return { ...filter, source: { ...filter.source, layer } };
  return { ...filter, not: { any: layers.map((name) => ({ source: { layer: name } })) } };
}
