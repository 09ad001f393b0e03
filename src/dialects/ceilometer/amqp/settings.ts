export interface CeilometerAmqpSettings {
  /** Brokers of one cluster, tried in turn: see amqpUrls. */
  readonly urls: readonly string[];
  /** Exchanges to which the services publish. */
  readonly exchanges: readonly string[];
  /** notification_topics of the services. */
  readonly topics: readonly string[];
  /** The levels whose queues are emptied; only info and error become events. */
  readonly levels: readonly string[];
  /** Begins the queues' names: a Ceilometer that runs as well then keeps its own copies. */
  readonly queuePrefix: string;
  /** amqp_durable_queues of the services: for queues and exchanges that have to be created. Existing ones are not changed. */
  readonly durable: boolean;
  /** Messages of each queue that may wait here for the journal. */
  readonly prefetch: number;
  /** Messages that are reported together, at most. */
  readonly maxBatch: number;
  /** The queue for messages that are rejected; null to only log them. */
  readonly rejectedQueue: string | null;
}

/**
 * The queues that Ceilometer's notification agent follows. Its queue of the level sample is left alone: it holds
 * meters, which another agent may still be waiting for.
 */
export const defaultAmqpSettings: Omit<CeilometerAmqpSettings, 'urls'> = {
  exchanges: [
    'nova',
    'glance',
    'neutron',
    'cinder',
    'heat',
    'keystone',
    'sahara',
    'trove',
    'zaqar',
    'swift',
    'ceilometer',
    'magnum',
    'dns',
    'ironic',
    'aodh',
  ],
  topics: ['notifications'],
  levels: ['info', 'error', 'warn', 'audit', 'critical', 'debug'],
  queuePrefix: '',
  durable: false,
  prefetch: 100,
  maxBatch: 256,
  rejectedQueue: 'tidings.refused',
};
