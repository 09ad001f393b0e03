// Made from schema.graphql by `npm run schema`.
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** Any JSON value. Integers beyond plus or minus 2^53 - 1 keep all their digits in the answer: 18446744073709551615. A client that must not round them reads the answer with a JSON parser that keeps them. */
  JSON: { input: unknown; output: unknown; }
  /** An integer within plus or minus 2^53 - 1, sent as a JSON number: 1024. */
  SafeInt: { input: number; output: number; }
  /** An RFC 3339 instant, UTC, at most microseconds: 2026-11-20T08:15:30.123Z. */
  DateTime: { input: string; output: string; }
  /** A point on the time line for filters: an RFC 3339 instant (missing parts allowed: 2026-11, 2026-11-20), epoch milliseconds as a number, or date math in Elasticsearch's form: now, now-15m, now-1d/d, 2026-11-01||+1M/d (units y M w d h H m s). `now() - 10m` is read as now-10m. gt and lte round up to the last instant of the rounded unit, gte and lt round down. */
  TimeExpression: { input: string | number; output: string | number; }
  /** A length of time: 500ms, 90s, 5m, 1h, 7d, or ISO 8601 (PT5M). */
  Duration: { input: string; output: string; }
};

/** Whether something was meant to happen. */
export type Severity =
  /** An expected operation. */
  | 'NORMAL'
  /** An unexpected one: a crash, a failure. */
  | 'ERROR';

/** The side of a system that an event comes from. */
export type Plane =
  /** The side that decides and arranges: agents, schedulers, APIs. */
  | 'CONTROL_PLANE'
  /** The side that carries the data and the load. */
  | 'DATA_PLANE';

/** The language in which an event arrived. */
export type Dialect =
  /** The mutations of this schema. */
  | 'TIDINGS'
  /** OpenEBS Mayastor's event messages. */
  | 'MAYASTOR'
  /** Apache SkyWalking's events. */
  | 'SKYWALKING'
  /** Vamp's events. */
  | 'VAMP'
  /** HashiCorp Nomad's event stream. */
  | 'NOMAD'
  /** OpenStack's notifications and Ceilometer's events. */
  | 'CEILOMETER'
  /** CloudEvents. */
  | 'CLOUDEVENTS';

/** The kind of value that a trait has. */
export type TraitType =
  /** Any string. */
  | 'TEXT'
  /** An integer within plus or minus 2^53 - 1. */
  | 'INT'
  /** A number. */
  | 'FLOAT'
  /** An instant. */
  | 'DATETIME';

/** How a trait is compared, within its type; INT and FLOAT compare with each other. PREFIX and CONTAINS are for TEXT. */
export type TraitOperator =
  /** Equal. */
  | 'EQ'
  /** There, but not equal. */
  | 'NE'
  /** Less, or earlier. */
  | 'LT'
  /** Less or equal. */
  | 'LTE'
  /** Greater, or later. */
  | 'GT'
  /** Greater or equal. */
  | 'GTE'
  /** The string begins with this one. */
  | 'PREFIX'
  /** The string contains this one. */
  | 'CONTAINS'
  /** The event carries the trait, whatever it holds. */
  | 'EXISTS';

/** A field of the event by which statistics can be grouped. */
export type EventGroupField =
  /** Event.namespace. */
  | 'NAMESPACE'
  /** The category's name. */
  | 'CATEGORY'
  /** Event.action. */
  | 'ACTION'
  /** category and action joined by a dot. */
  | 'TYPE'
  /** Event.severity. */
  | 'SEVERITY'
  /** Event.key. */
  | 'KEY'
  /** EventSource.service. */
  | 'SERVICE'
  /** EventSource.instance. */
  | 'INSTANCE'
  /** EventSource.endpoint. */
  | 'ENDPOINT'
  /** EventSource.node. */
  | 'NODE'
  /** EventSource.component. */
  | 'COMPONENT'
  /** EventSource.plane. */
  | 'PLANE'
  /** EventSource.layer. */
  | 'LAYER'
  /** Event.dialect. */
  | 'DIALECT';

/** A number that every ended event has. */
export type MeasuredField =
  /** Seconds between time and endTime: 1.5. */
  | 'DURATION';

/** The order of a page: by the time of the event, or by the index of its latest change. */
export type EventOrder =
  /** Earliest first. */
  | 'TIME_ASC'
  /** Latest first. */
  | 'TIME_DESC'
  /** In the order of the journal. */
  | 'INDEX_ASC'
  /** Latest change first. */
  | 'INDEX_DESC';

/** Where the log is. */
export type JournalKind =
  /** In this process, on the store's database. */
  | 'EMBEDDED'
  /** JetStream. */
  | 'NATS';

/** How long a report waits for its answer. */
export type ReportWait =
  /** Answer when the event is safe in the journal. */
  | 'ACCEPTED'
  /** Answer when queries show it; after 5 s the answer is ACCEPTED all the same. */
  | 'STORED';

/** What became of a report. */
export type ReportStatus =
  /** Safe, and queries show it. */
  | 'STORED'
  /** Safe in the journal; queries will show it. */
  | 'ACCEPTED'
  /** It repeats a report that was there already and changes nothing. */
  | 'DUPLICATE';

/** Why an event was not recorded. Later versions may add codes. */
export type ReportErrorCode =
  /** Something is missing. */
  | 'REQUIRED'
  /** Something is not of the form that it must have. */
  | 'INVALID'
  /** Something has too many characters or bytes. */
  | 'TOO_LONG'
  /** A list has too many entries. */
  | 'TOO_MANY'
  /** The caller may not report this. */
  | 'FORBIDDEN'
  /** The id belongs to an event of another namespace. */
  | 'CONFLICT'
  /** Not recorded now: report this event again. */
  | 'UNAVAILABLE';

/** Whether a failed delivery is tried again. */
export type FailedDeliveryStatus =
  /** It is tried again by itself. */
  | 'RETRYING'
  /** It waits for a person. */
  | 'DEAD';

/** The form in which a sink sends events. */
export type SinkFormat =
  /** {type, timestamp, data}: the advice of Standard Webhooks; data is the event. */
  | 'STANDARD'
  /** CloudEvents: attributes as headers, the event's data as the body. */
  | 'CLOUDEVENTS_BINARY'
  /** CloudEvents: an envelope. */
  | 'CLOUDEVENTS_STRUCTURED'
  /** CloudEvents: an array of envelopes. */
  | 'CLOUDEVENTS_BATCH'
  /** A line of Nomad's event stream. */
  | 'NOMAD'
  /** An array of events, as Ceilometer's HTTP publisher sends it. */
  | 'CEILOMETER'
  /** An array of alarm messages, as SkyWalking's webhook sends it. */
  | 'SKYWALKING_ALARM'
  /** Mayastor's line for `get events --from-file`. */
  | 'MAYASTOR'
  /** An incoming webhook of Slack. */
  | 'SLACK'
  /** A webhook of Discord. */
  | 'DISCORD'
  /** PagerDuty's Events API, version 2; the routing key is the target's header X-Routing-Key. */
  | 'PAGERDUTY'
  /** POST /api/v2/alerts of an Alertmanager. */
  | 'ALERTMANAGER'
  /** An export request of OpenTelemetry logs, in JSON: POST /v1/logs of a collector. */
  | 'OTLP_LOGS'
  /** The environment of a run of Vamp's workflows as JSON: VAMP_WORKFLOW_DATA is the event in base64. */
  | 'VAMP_WORKFLOW'
  /** Your own template. */
  | 'TEMPLATE';

/** Which changes of an event are delivered. */
export type SinkDelivery =
  /** Starts and completions, each once; a sink that is behind gets the latest state alone. */
  | 'EVERY_CHANGE'
  /** Only events with an endTime: what has ended, or has no duration. */
  | 'COMPLETED';

/** Which deliveries wait for each other. */
export type SinkOrder =
  /** In index order for each key; the id where an event has no key. */
  | 'KEY'
  /** One after another. */
  | 'STRICT'
  /** Not any. */
  | 'NONE';

/** A place in the journal. */
export type SinkStartPoint =
  /** After everything that is recorded. */
  | 'NOW'
  /** Before everything that is kept. */
  | 'BEGINNING';

/** How far a replay is. */
export type SinkReplayState =
  /** It goes on. */
  | 'RUNNING'
  /** Everything in its range is delivered, or failed and kept. */
  | 'DONE'
  /** Ended by a person. */
  | 'CANCELLED';

/** Who declared a sink. */
export type SinkOrigin =
  /** Made through this API. */
  | 'API'
  /** Declared in a configuration file; it can be paused, tested and replayed here, not changed. */
  | 'FILE';

/** Whether a sink delivers. */
export type SinkState =
  /** It delivers. */
  | 'ACTIVE'
  /** By a person, or because its owner may no longer read. */
  | 'PAUSED'
  /** The target does not answer or rejects everything; the cursor stays, and it is tried again with growing pauses. */
  | 'FAILING'
  /** Too many failed deliveries are waiting; nothing is dropped, so nothing more is sent. */
  | 'BLOCKED'
  /** Given up, or told by the target that it is gone. */
  | 'DISABLED';

/** A statistic of the events of a window. */
export type AlarmFigure =
  /** How many events; with a measure, how many carry the number. */
  | 'COUNT'
  /** The sum of the measured numbers. */
  | 'SUM'
  /** Their mean. */
  | 'AVERAGE'
  /** The least. */
  | 'MIN'
  /** The greatest. */
  | 'MAX';

/** How two numbers are compared. */
export type ComparisonOperator =
  /** Equal. */
  | 'EQ'
  /** Not equal. */
  | 'NE'
  /** Less. */
  | 'LT'
  /** Less or equal. */
  | 'LTE'
  /** Greater. */
  | 'GT'
  /** Greater or equal. */
  | 'GTE';

/** Whether an alarm goes on. */
export type AlarmState =
  /** It goes on. */
  | 'FIRING'
  /** It goes on, and nobody is notified: a silence or its silence period covers it. */
  | 'SILENCED'
  /** Its condition is gone, and not yet for long enough. */
  | 'OBSERVING_RECOVERY'
  /** It is over. */
  | 'RECOVERED';

/** How a caller said who they are. */
export type PrincipalKind =
  /** Not at all. */
  | 'ANONYMOUS'
  /** By a token of the gateway. */
  | 'TOKEN'
  /** By a JSON Web Token of an issuer that the gateway trusts. */
  | 'JWT';

/** A right. */
export type GrantAction =
  /** Report events. */
  | 'REPORT'
  /** Read and follow events. */
  | 'READ'
  /** Create and change alarms. */
  | 'MANAGE_ALARMS'
  /** Create and change sinks. */
  | 'MANAGE_SINKS'
  /** Create, list and revoke tokens. */
  | 'MANAGE_TOKENS'
  /** Read the events about management. */
  | 'READ_AUDIT'
  /** All of these. */
  | 'ADMIN';

/** A field of events that a grant keeps back. */
export type HiddenField =
  /** Event.value. */
  | 'VALUE'
  /** Event.raw. */
  | 'RAW'
  /** Event.traits. */
  | 'TRAITS'
  /** Event.message. */
  | 'MESSAGE';

/** A typed value: exactly one of these. */
export type TraitValue =
  /** Any string. */
  { readonly text: Scalars['String']['input']; readonly int?: never; readonly float?: never; readonly dateTime?: never; }
  |  /** An integer. */
  { readonly text?: never; readonly int: Scalars['SafeInt']['input']; readonly float?: never; readonly dateTime?: never; }
  |  /** A number. */
  { readonly text?: never; readonly int?: never; readonly float: Scalars['Float']['input']; readonly dateTime?: never; }
  |  /** An instant. */
  { readonly text?: never; readonly int?: never; readonly float?: never; readonly dateTime: Scalars['DateTime']['input']; };

/** Where an event comes from: everything given must be equal. */
export type EventSourceFilter = {
  /** The service it happened to. */
  readonly service?: InputMaybe<Scalars['String']['input']>;
  /** The one process or copy of the service. */
  readonly instance?: InputMaybe<Scalars['String']['input']>;
  /** The route, method or operation of the service. */
  readonly endpoint?: InputMaybe<Scalars['String']['input']>;
  /** The host it happened on. */
  readonly node?: InputMaybe<Scalars['String']['input']>;
  /** The program that reported it. */
  readonly component?: InputMaybe<Scalars['String']['input']>;
  /** The side of the system that reported it. */
  readonly plane?: InputMaybe<Plane>;
  /** SkyWalking's layer. */
  readonly layer?: InputMaybe<Scalars['String']['input']>;
};

/** Bounds are inclusive with gte and lte; lt with lte, or gt with gte, is rejected. */
export type TimeRange = {
  /** Later than. */
  readonly gt?: InputMaybe<Scalars['TimeExpression']['input']>;
  /** At or later than. */
  readonly gte?: InputMaybe<Scalars['TimeExpression']['input']>;
  /** Earlier than. */
  readonly lt?: InputMaybe<Scalars['TimeExpression']['input']>;
  /** At or earlier than. */
  readonly lte?: InputMaybe<Scalars['TimeExpression']['input']>;
};

/** A trait that the event must carry, in a type that compares with the value. */
export type TraitFilter = {
  /** The trait's name. */
  readonly name: Scalars['String']['input'];
  /** How it compares. */
  readonly op?: InputMaybe<TraitOperator>;
  /** Left out only with EXISTS. */
  readonly value?: InputMaybe<TraitValue>;
};

/** Everything given must hold; lists hold when any of their entries does, except tags. */
export type EventFilter = {
  /** One of these events. */
  readonly ids?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
  /** In one of these namespaces. */
  readonly namespaces?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** In one of these categories. */
  readonly categories?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** One of these actions. */
  readonly actions?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Unix globs (* and ? match dots too); an entry that begins with ! excludes; exclusions alone match all else. */
  readonly types?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Nomad topics: Category, Category:key, *:key, *. A key is an event's key or one of its filterKeys. */
  readonly topics?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** The event's key or one of its filterKeys. */
  readonly keys?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** All of these tags. */
  readonly tags?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** At least one of these tags. */
  readonly anyTags?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** One of these severities. */
  readonly severities?: InputMaybe<ReadonlyArray<Severity>>;
  /** Where it comes from. */
  readonly source?: InputMaybe<EventSourceFilter>;
  /** When it happened, or began. */
  readonly time?: InputMaybe<TimeRange>;
  /** True: only events with an endTime; false: only events without one. */
  readonly ended?: InputMaybe<Scalars['Boolean']['input']>;
  /** All of these traits. */
  readonly traits?: InputMaybe<ReadonlyArray<TraitFilter>>;
  /** Arrived in one of these languages. */
  readonly dialects?: InputMaybe<ReadonlyArray<Dialect>>;
  /** All of these filters. */
  readonly all?: InputMaybe<ReadonlyArray<EventFilter>>;
  /** At least one of these filters. */
  readonly any?: InputMaybe<ReadonlyArray<EventFilter>>;
  /** Not this filter. */
  readonly not?: InputMaybe<EventFilter>;
};

/** The number that is measured: exactly one of these. */
export type Measure =
  /** A number in the value: "" is the value itself, "a.b" a number inside it. */
  { readonly value: Scalars['String']['input']; readonly trait?: never; readonly field?: never; }
  |  /** An INT or FLOAT trait, by its name: "size_gib". */
  { readonly value?: never; readonly trait: Scalars['String']['input']; readonly field?: never; }
  |  /** Seconds between time and endTime, of ended events. */
  { readonly value?: never; readonly trait?: never; readonly field: MeasuredField; };

/** One way to group, exactly one of these: a field of the event, the label of a tag group (deployments:*), or a trait. */
export type GroupBy =
  /** By a field. */
  { readonly field: EventGroupField; readonly tagGroup?: never; readonly trait?: never; }
  |  /** By the label of a tag group: `deployments` groups by the label after `deployments:`. */
  { readonly field?: never; readonly tagGroup: Scalars['String']['input']; readonly trait?: never; }
  |  /** By a trait's value. */
  { readonly field?: never; readonly tagGroup?: never; readonly trait: Scalars['String']['input']; };

/** Where an event comes from: whatever of it is known. */
export type EventSourceInput = {
  /** The service it happened to. */
  readonly service?: InputMaybe<Scalars['String']['input']>;
  /** The one process or copy of the service. */
  readonly instance?: InputMaybe<Scalars['String']['input']>;
  /** The route, method or operation of the service. */
  readonly endpoint?: InputMaybe<Scalars['String']['input']>;
  /** The host it happened on. */
  readonly node?: InputMaybe<Scalars['String']['input']>;
  /** The program that reports it. */
  readonly component?: InputMaybe<Scalars['String']['input']>;
  /** The side of the system that reports it. */
  readonly plane?: InputMaybe<Plane>;
  /** SkyWalking's layer: GENERAL, K8S. */
  readonly layer?: InputMaybe<Scalars['String']['input']>;
};

/** A typed fact about an event. */
export type TraitInput = {
  /** Unique within the event. */
  readonly name: Scalars['String']['input'];
  /** What it holds. */
  readonly value: TraitValue;
};

/** A report of something that happened. Nothing is required. */
export type EventInput = {
  /** A UUID; made here (version 7) when absent. A report with a known id of the same namespace completes that event. */
  readonly id?: InputMaybe<Scalars['ID']['input']>;
  /** The part of the world it belongs to. */
  readonly namespace?: InputMaybe<Scalars['String']['input']>;
  /** Either type, or category with or without action; `event` when neither is given. */
  readonly type?: InputMaybe<Scalars['String']['input']>;
  /** What kind of thing it happened to: Volume. */
  readonly category?: InputMaybe<Scalars['String']['input']>;
  /** What happened: Create. */
  readonly action?: InputMaybe<Scalars['String']['input']>;
  /** NORMAL when nobody says. */
  readonly severity?: InputMaybe<Severity>;
  /** Where it comes from. */
  readonly source?: InputMaybe<EventSourceInput>;
  /** The id of the one thing it happened to. */
  readonly key?: InputMaybe<Scalars['String']['input']>;
  /** Other ids under which a topic filter also finds it. */
  readonly filterKeys?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** One line for a person. */
  readonly message?: InputMaybe<Scalars['String']['input']>;
  /** label or group:label; the latter also tags it group. */
  readonly tags?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Typed facts, one for a name. */
  readonly traits?: InputMaybe<ReadonlyArray<TraitInput>>;
  /** Anything to attach. */
  readonly value?: InputMaybe<Scalars['JSON']['input']>;
  /** When it happened, or began. Now when absent. */
  readonly time?: InputMaybe<Scalars['DateTime']['input']>;
  /** When it ended. */
  readonly endTime?: InputMaybe<Scalars['DateTime']['input']>;
  /** The message from which this report was made. */
  readonly raw?: InputMaybe<Scalars['JSON']['input']>;
};

/** Where a sink begins. */
export type SinkStart =
  /** With the first event of this index or later. */
  { readonly index: Scalars['SafeInt']['input']; readonly time?: never; readonly at?: never; }
  |  /** With the first event that happened at this time or later. */
  { readonly index?: never; readonly time: Scalars['TimeExpression']['input']; readonly at?: never; }
  |  /** NOW (what is recorded from this moment on, which is also the default) or BEGINNING (all that is kept). */
  { readonly index?: never; readonly time?: never; readonly at: SinkStartPoint; };

/** A header of HTTP. */
export type HeaderInput = {
  /** Its name. */
  readonly name: Scalars['String']['input'];
  /** Kept encrypted, and never shown again. */
  readonly value: Scalars['String']['input'];
};

/** An HTTP server to which events are posted. Redirects are not followed. */
export type WebhookTargetInput = {
  /** Private and reserved networks only where the operator allows them. */
  readonly url: Scalars['String']['input'];
  /** Headers of each request; an update without them leaves them as they are. */
  readonly headers?: InputMaybe<ReadonlyArray<HeaderInput>>;
  /** Signed by Standard Webhooks 1.0; a secret is made when none is given. */
  readonly signed?: Scalars['Boolean']['input'];
  /** 24 to 64 bytes in base64; an update without it leaves it as it is. */
  readonly secret?: InputMaybe<Scalars['String']['input']>;
  /** For the whole exchange. */
  readonly timeout?: Scalars['Duration']['input'];
  /** Asks the target for consent first, as CloudEvents' webhook specification says. */
  readonly handshake?: Scalars['Boolean']['input'];
};

/** Published to JetStream or core NATS, wherever the subject is bound; {…} as in templates, each value one token. */
export type NatsTargetInput = {
  /** tidings-out.{namespace}.{type} */
  readonly subject: Scalars['String']['input'];
};

/** A topic of Kafka. */
export type KafkaTargetInput = {
  /** Its name. */
  readonly topic: Scalars['String']['input'];
};

/** An exchange of RabbitMQ. */
export type AmqpTargetInput = {
  /** Its name. */
  readonly exchange: Scalars['String']['input'];
  /** The routing key of each message. */
  readonly routingKey: Scalars['String']['input'];
};

/** A file on the gateway's machine, a line for each message. */
export type FileTargetInput = {
  /** Absolute. */
  readonly path: Scalars['String']['input'];
  /** The file is put aside before it is larger; 100 MiB when absent. */
  readonly maxBytes?: InputMaybe<Scalars['SafeInt']['input']>;
  /** Files that were put aside and are kept; 5 when absent. */
  readonly keep?: InputMaybe<Scalars['Int']['input']>;
};

/** Where a sink delivers to. */
export type SinkTargetInput =
  /** An HTTP server. */
  { readonly webhook: WebhookTargetInput; readonly nats?: never; readonly kafka?: never; readonly amqp?: never; readonly file?: never; }
  |  /** NATS, where the gateway has it. */
  { readonly webhook?: never; readonly nats: NatsTargetInput; readonly kafka?: never; readonly amqp?: never; readonly file?: never; }
  |  /** Kafka. */
  { readonly webhook?: never; readonly nats?: never; readonly kafka: KafkaTargetInput; readonly amqp?: never; readonly file?: never; }
  |  /** RabbitMQ. */
  { readonly webhook?: never; readonly nats?: never; readonly kafka?: never; readonly amqp: AmqpTargetInput; readonly file?: never; }
  |  /** Only for operators, or in a configuration file. */
  { readonly webhook?: never; readonly nats?: never; readonly kafka?: never; readonly amqp?: never; readonly file: FileTargetInput; };

/** A sink: which events go where, and how. */
export type SinkInput = {
  /** Unique in its namespace. */
  readonly name: Scalars['String']['input'];
  /** Where the sink itself belongs, whatever events it delivers. */
  readonly namespace?: Scalars['String']['input'];
  /** For people. */
  readonly description?: InputMaybe<Scalars['String']['input']>;
  /** Which events; all without it. Events of the categories Sink, Alarm and Audit only where it names them. */
  readonly filter?: InputMaybe<EventFilter>;
  /** Where a new sink begins; an update leaves the cursor where it is. */
  readonly start?: InputMaybe<SinkStart>;
  /** Where to. */
  readonly target: SinkTargetInput;
  /** In which form. */
  readonly format?: SinkFormat;
  /** For format TEMPLATE: text with {type} {category} {action} {key} {namespace} {message} {id} {time} {index} {traits.NAME} {tags.GROUP} {value.PATH} {event}; {{ is a brace. */
  readonly template?: InputMaybe<Scalars['String']['input']>;
  /** Which changes of an event. */
  readonly delivers?: SinkDelivery;
  /** Which deliveries wait for each other. */
  readonly order?: SinkOrder;
  /** Requests under way at a time, 1 to 64; never two of one key. */
  readonly parallel?: Scalars['Int']['input'];
  /** Events in one message at most, for formats that take several. */
  readonly batch?: Scalars['Int']['input'];
  /** How long a target may fail before the sink is disabled. */
  readonly disableAfter?: Scalars['Duration']['input'];
};

/** Indexes, both ends included. */
export type IndexRange = {
  /** The first. */
  readonly from: Scalars['SafeInt']['input'];
  /** The last. */
  readonly to: Scalars['SafeInt']['input'];
};

/** A part of the past. */
export type ReplayRange =
  /** By index. */
  { readonly indexes: IndexRange; readonly time?: never; }
  |  /** By the time of the events: from the first index to the last of what happened then. */
  { readonly indexes?: never; readonly time: TimeRange; };

/** A statistic over the last `over` compared with a number: {figure: COUNT, op: GT, value: 5, over: "10m"}. An event counts at its endTime, or at its time while it has not ended. */
export type ThresholdInput = {
  /** Which statistic. Without a measured number only COUNT has a value. */
  readonly figure?: AlarmFigure;
  /** The number that is measured; the value itself when it is left out. */
  readonly measure?: InputMaybe<Measure>;
  /** The comparison. */
  readonly op: ComparisonOperator;
  /** The number that it is compared with. */
  readonly value: Scalars['Float']['input'];
  /** 1ms to 30d. */
  readonly over: Scalars['Duration']['input'];
};

/** SkyWalking's alarm expression over one-minute series. */
export type AlarmExpressionInput = {
  /** An MQE expression whose root compares: sum(Unhealthy > 5) >= 1. */
  readonly expression: Scalars['String']['input'];
  /** Minutes of the window, 1 to 1440. */
  readonly period?: Scalars['Int']['input'];
  /** Minutes, as silence-period: as long as the period when it is left out. */
  readonly silencePeriod?: InputMaybe<Scalars['Int']['input']>;
  /** Minutes, as recovery-observation-period. */
  readonly recoveryObservationPeriod?: Scalars['Int']['input'];
};

/** When a rule fires: exactly one of these. */
export type AlarmConditionInput =
  /** Fires within a second of the event that crosses it. */
  { readonly threshold: ThresholdInput; readonly notEndedWithin?: never; readonly absentFor?: never; readonly expression?: never; }
  |  /** An event began, and has not ended within this time. */
  { readonly threshold?: never; readonly notEndedWithin: Scalars['Duration']['input']; readonly absentFor?: never; readonly expression?: never; }
  |  /** Nothing matched for this time: a heartbeat that stopped. */
  { readonly threshold?: never; readonly notEndedWithin?: never; readonly absentFor: Scalars['Duration']['input']; readonly expression?: never; }
  |  /** Evaluated once a minute as SkyWalking does. */
  { readonly threshold?: never; readonly notEndedWithin?: never; readonly absentFor?: never; readonly expression: AlarmExpressionInput; };

/** A rule: which events count, for what, and when they make an alarm. */
export type AlarmRuleInput = {
  /** Unique in its namespace. Its alarms are events of the type Alarm.<name>. */
  readonly name: Scalars['String']['input'];
  /** Where the rule and its alarms belong, whatever events count. */
  readonly namespace?: Scalars['String']['input'];
  /** For people. */
  readonly description?: InputMaybe<Scalars['String']['input']>;
  /** Which events count; all without it. Alarms of other rules count only where it names their category. */
  readonly filter?: InputMaybe<EventFilter>;
  /** An alarm is about one entity: a state is kept for each combination. One alarm for all events without it. */
  readonly entity?: InputMaybe<ReadonlyArray<GroupBy>>;
  /** When it fires. */
  readonly condition: AlarmConditionInput;
  /** The condition must hold for this time before it fires. */
  readonly pendingFor?: InputMaybe<Scalars['Duration']['input']>;
  /** After firing, no further notice for this time while it goes on; then it is notified again. Without it only its beginning and its end are. */
  readonly silenceFor?: InputMaybe<Scalars['Duration']['input']>;
  /** The condition must be gone for this time before it recovers. */
  readonly recoverAfter?: InputMaybe<Scalars['Duration']['input']>;
  /** Of its alarms. */
  readonly severity?: Severity;
  /** With {name} (the entity), {rule}, {value}, {threshold} and the names that templates of sinks have, of the latest event that led to it. */
  readonly message?: InputMaybe<Scalars['String']['input']>;
  /** Of its alarms: label or group:label. */
  readonly tags?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Whether it is evaluated; the alarms of a rule that is not end. */
  readonly enabled?: Scalars['Boolean']['input'];
};

/** Everything given must hold; lists hold when any of their entries does, except tags. */
export type AlarmFilter = {
  /** Names of rules. */
  readonly rules?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** In one of these namespaces. */
  readonly namespaces?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** In one of these states. */
  readonly states?: InputMaybe<ReadonlyArray<AlarmState>>;
  /** Whether somebody has acknowledged it. */
  readonly acknowledged?: InputMaybe<Scalars['Boolean']['input']>;
  /** Of one of these severities. */
  readonly severities?: InputMaybe<ReadonlyArray<Severity>>;
  /** All of these tags. */
  readonly tags?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Some label of the entity. */
  readonly entity?: InputMaybe<Scalars['String']['input']>;
  /** When it fired. */
  readonly time?: InputMaybe<TimeRange>;
};

/** A silence. It covers alarms that fire while it lasts. */
export type SilenceInput = {
  /** Of the rules that it covers. */
  readonly namespace?: Scalars['String']['input'];
  /** Names of rules; all of the namespace without it. */
  readonly rules?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  /** Alarms to which an event led that matches; alarms about any event without it. */
  readonly filter?: InputMaybe<EventFilter>;
  /** When it ends. */
  readonly until: Scalars['DateTime']['input'];
  /** Why. */
  readonly comment: Scalars['String']['input'];
};

/** A token to be created. */
export type TokenInput = {
  /** The name of whoever shows it. */
  readonly name: Scalars['String']['input'];
  /** Roles of TIDINGS_AUTH_FILE. */
  readonly roles: ReadonlyArray<Scalars['String']['input']>;
  /** Without it the token does not expire. */
  readonly expiresAt?: InputMaybe<Scalars['DateTime']['input']>;
};

/** The values that all events of a group share. */
export type GroupLabel = {
  /** The field, the tag group or the trait: CATEGORY, deployments, pool_name. */
  readonly name: Scalars['String']['output'];
  /** Null in the group of the events that have none. */
  readonly value: Maybe<Scalars['String']['output']>;
};

/** The number below which a share of the measured numbers lies. */
export type Percentile = {
  /** The share, between 0 and 1. */
  readonly rank: Scalars['Float']['output'];
  /** Null where nothing was measured. */
  readonly value: Maybe<Scalars['Float']['output']>;
};

/** Statistics of one group of events, in one time bucket where an interval was given. `average`, `min` and the like are null where no event of the group carries the measured number. */
export type EventAggregate = {
  /** The group's labels, in the order of groupBy. */
  readonly group: ReadonlyArray<GroupLabel>;
  /** Start of the time bucket; null without interval. */
  readonly bucket: Maybe<Scalars['DateTime']['output']>;
  /** How many events. */
  readonly count: Scalars['SafeInt']['output'];
  /** How many of them carry the measured number; the statistics below are over these, and null where there are none. */
  readonly measured: Scalars['SafeInt']['output'];
  /** Their mean. */
  readonly average: Maybe<Scalars['Float']['output']>;
  /** The least. */
  readonly min: Maybe<Scalars['Float']['output']>;
  /** The greatest. */
  readonly max: Maybe<Scalars['Float']['output']>;
  /** Their sum. */
  readonly sum: Maybe<Scalars['Float']['output']>;
  /** In the order asked for; interpolated, as PostgreSQL's percentile_cont. */
  readonly percentiles: ReadonlyArray<Percentile>;
};

/** The answer to aggregateEvents. */
export type EventAggregation = {
  /** One row a group, or a group and time bucket: largest count first, or in time order with an interval. */
  readonly rows: ReadonlyArray<EventAggregate>;
  /** Whether there are more rows than were asked for. Nothing is cut silently. */
  readonly truncated: Scalars['Boolean']['output'];
};

/** Something that happens in a category. */
export type CategoryAction = {
  /** The action of such events. */
  readonly name: Scalars['String']['output'];
  /** Its meaning; null where the catalogue does not know the action. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** The side of the system that reports it, where the catalogue knows the action. */
  readonly plane: Maybe<Plane>;
};

/** A kind of thing to which something happens. */
export type Category = {
  /** The category's name. */
  readonly name: Scalars['String']['output'];
  /** Its meaning; null where the catalogue does not know the category. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** The built-in actions, then whatever else has been reported in it. */
  readonly actions: ReadonlyArray<CategoryAction>;
};

/** A typed fact. Exactly the field that belongs to its type is set. */
export type Trait = {
  /** Unique within an event. */
  readonly name: Scalars['String']['output'];
  /** Says which field is set. */
  readonly type: TraitType;
  /** The value of a TEXT trait. */
  readonly text: Maybe<Scalars['String']['output']>;
  /** The value of an INT trait. */
  readonly int: Maybe<Scalars['SafeInt']['output']>;
  /** The value of a FLOAT trait. */
  readonly float: Maybe<Scalars['Float']['output']>;
  /** The value of a DATETIME trait. */
  readonly dateTime: Maybe<Scalars['DateTime']['output']>;
  /** The same value, untyped. */
  readonly value: Scalars['JSON']['output'];
};

/** A trait that events of a type have been seen to carry. */
export type TraitDescriptor = {
  /** The trait's name. */
  readonly name: Scalars['String']['output'];
  /** The kind of value that it has. */
  readonly type: TraitType;
  /** The type of the events that carry it. */
  readonly eventType: Scalars['String']['output'];
};

/** Where an event comes from, as far as its reporter said. */
export type EventSource = {
  /** The service it happened to. */
  readonly service: Maybe<Scalars['String']['output']>;
  /** The one process or copy of the service. */
  readonly instance: Maybe<Scalars['String']['output']>;
  /** The route, method or operation of the service. */
  readonly endpoint: Maybe<Scalars['String']['output']>;
  /** The host it happened on. */
  readonly node: Maybe<Scalars['String']['output']>;
  /** The program that reported it: CoreAgent, IoEngine. */
  readonly component: Maybe<Scalars['String']['output']>;
  /** The side of the system that reported it. */
  readonly plane: Maybe<Plane>;
  /** SkyWalking's layer: GENERAL, K8S. */
  readonly layer: Maybe<Scalars['String']['output']>;
};

/** Something that happened to something, at a time. */
export type Event = {
  /** A UUID. Two reports with one id are one event: typically its start and its end. */
  readonly id: Scalars['ID']['output'];
  /** Place in the journal of the event's latest change: strictly increasing, the token to resume from. */
  readonly index: Scalars['SafeInt']['output'];
  /** The part of the world it belongs to; `default` where the reporter did not say. */
  readonly namespace: Scalars['String']['output'];
  /** What kind of thing it happened to: Volume, Node, compute, gateway-metric. */
  readonly category: Category;
  /** What happened: Create, NodeRegistration, instance.resize.start. Null where the reporter gave only a type without a dot. */
  readonly action: Maybe<Scalars['String']['output']>;
  /** category and action joined by a dot: Volume.Create, compute.instance.resize.start. */
  readonly type: Scalars['String']['output'];
  /** NORMAL where nobody said. */
  readonly severity: Severity;
  /** Where it comes from. */
  readonly source: EventSource;
  /** The id of the one thing it happened to. */
  readonly key: Maybe<Scalars['String']['output']>;
  /** Other ids under which a topic filter also finds it. */
  readonly filterKeys: ReadonlyArray<Scalars['String']['output']>;
  /** One line for a person. */
  readonly message: Maybe<Scalars['String']['output']>;
  /** label or group:label; an event tagged group:label is also tagged group. */
  readonly tags: ReadonlyArray<Scalars['String']['output']>;
  /** Typed facts about the event, by name. */
  readonly traits: ReadonlyArray<Trait>;
  /** The trait of this name; null where the event has none. */
  readonly trait: Maybe<Trait>;
  /** Anything the reporter attached. */
  readonly value: Maybe<Scalars['JSON']['output']>;
  /** When it happened, or began. */
  readonly time: Scalars['DateTime']['output'];
  /** When it ended; null while it lasts, and for an event without duration. */
  readonly endTime: Maybe<Scalars['DateTime']['output']>;
  /** When the gateway took its latest report. */
  readonly recordedAt: Scalars['DateTime']['output'];
  /** The language in which it arrived. */
  readonly dialect: Dialect;
  /** The message exactly as it arrived, where storing it is on. */
  readonly raw: Maybe<Scalars['JSON']['output']>;
};


/** Something that happened to something, at a time. */
export type EventTraitsArgs = {
  names?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};


/** Something that happened to something, at a time. */
export type EventTraitArgs = {
  name: Scalars['String']['input'];
};

/** How to go on from a page. */
export type PageInfo = {
  /** Whether there are more entries after the page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether there are more entries before the page. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /** The first entry's cursor; null in an empty page. */
  readonly startCursor: Maybe<Scalars['String']['output']>;
  /** The last entry's cursor, for `after`; null in an empty page. */
  readonly endCursor: Maybe<Scalars['String']['output']>;
};

/** An event and its cursor. */
export type EventEdge = {
  /** For `after` and `before`, in the same orderBy. */
  readonly cursor: Scalars['String']['output'];
  /** The event. */
  readonly node: Event;
};

/** A page of events. */
export type EventConnection = {
  /** The events with their cursors. */
  readonly edges: ReadonlyArray<EventEdge>;
  /** The events alone, for clients that need no cursors. */
  readonly nodes: ReadonlyArray<Event>;
  /** How to go on from here. */
  readonly pageInfo: PageInfo;
  /** How many match in all; counted only when asked for. */
  readonly totalCount: Scalars['SafeInt']['output'];
};

/** Events of a feed, in index order. */
export type EventBatch = {
  /** Everything that matches up to here has been sent: the token to resume from. */
  readonly index: Scalars['SafeInt']['output'];
  /** Empty in a checkpoint: at least every 10 s while the journal advances and nothing matches, so that a sparse filter's token does not age. */
  readonly events: ReadonlyArray<Event>;
};

/** The last index of the journal and of the store. */
export type JournalStatus = {
  /** EMBEDDED (in this process, on the store's database) or NATS (JetStream). */
  readonly kind: JournalKind;
  /** The identity of the journal: a UUID. It changes when the journal begins anew with nothing of what was (a wiped store): indexes of another journal mean nothing here. */
  readonly id: Scalars['ID']['output'];
  /** Oldest index from which a feed can resume; null while empty. */
  readonly firstIndex: Maybe<Scalars['SafeInt']['output']>;
  /** The highest index in the journal; 0 while empty. */
  readonly lastIndex: Scalars['SafeInt']['output'];
  /** Everything up to here is in the store. */
  readonly storedIndex: Scalars['SafeInt']['output'];
};

/** An event that was recorded and will never be lost. */
export type ReportedEvent = {
  /** Its position in the call, from 0. */
  readonly position: Scalars['Int']['output'];
  /** The id that was given, or else made. */
  readonly id: Scalars['ID']['output'];
  /** Its index in the journal. */
  readonly index: Scalars['SafeInt']['output'];
  /** Whether queries show it already. */
  readonly status: ReportStatus;
};

/** One thing that is wrong with a reported event. */
export type ReportError = {
  /** The input field at fault: ["traits", "0", "value"]. */
  readonly path: ReadonlyArray<Scalars['String']['output']>;
  /** The kind of mistake, for programs. */
  readonly code: ReportErrorCode;
  /** One sentence that says what to change. */
  readonly message: Scalars['String']['output'];
};

/** An event that was not recorded. The other events of the call are not affected by it. */
export type RejectedEvent = {
  /** Its position in the call, from 0. */
  readonly position: Scalars['Int']['output'];
  /** The id that the reporter gave, if any. */
  readonly id: Maybe<Scalars['ID']['output']>;
  /** Everything that is wrong with it. */
  readonly errors: ReadonlyArray<ReportError>;
};

/** The answer to reportEvents. */
export type ReportEventsPayload = {
  /** One for each reported event, in the order given. */
  readonly results: ReadonlyArray<ReportResult>;
  /** How many were recorded, or were there already. */
  readonly accepted: Scalars['Int']['output'];
  /** How many were not. */
  readonly rejected: Scalars['Int']['output'];
};

/** An event that the target rejected, kept with the body that was sent. */
export type FailedDelivery = {
  /** A UUID. */
  readonly id: Scalars['ID']['output'];
  /** The event's index. */
  readonly index: Scalars['SafeInt']['output'];
  /** The event as it is now; null when retention has deleted it. */
  readonly event: Maybe<Event>;
  /** The event's key; null for those who may not read the event. */
  readonly key: Maybe<Scalars['String']['output']>;
  /** Whether it is tried again. */
  readonly status: FailedDeliveryStatus;
  /** 0 for one that only waits for an earlier one of its key. */
  readonly attempts: Scalars['Int']['output'];
  /** The target's status code, where it has such. */
  readonly lastStatus: Maybe<Scalars['Int']['output']>;
  /** The target's answer, for those who may read the whole event, or the reason. */
  readonly lastError: Scalars['String']['output'];
  /** When it is tried again; null when it is not. */
  readonly nextAttemptAt: Maybe<Scalars['DateTime']['output']>;
  /** The body that was sent; for those who may read the whole event. */
  readonly body: Scalars['String']['output'];
};

/** A page of failed deliveries, by index. */
export type FailedDeliveryConnection = {
  /** The failed deliveries. */
  readonly nodes: ReadonlyArray<FailedDelivery>;
  /** How to go on from here. */
  readonly pageInfo: PageInfo;
  /** How many there are in all. */
  readonly totalCount: Scalars['SafeInt']['output'];
};

/** A part of the past that a sink delivers again. */
export type SinkReplay = {
  /** A UUID. */
  readonly id: Scalars['ID']['output'];
  /** How far it is. */
  readonly state: SinkReplayState;
  /** The first index. */
  readonly from: Scalars['SafeInt']['output'];
  /** The last index. */
  readonly to: Scalars['SafeInt']['output'];
  /** Everything up to here is delivered again. */
  readonly cursor: Scalars['SafeInt']['output'];
  /** Events that it has delivered. */
  readonly deliveredCount: Scalars['SafeInt']['output'];
  /** Events that the target rejected. */
  readonly failedCount: Scalars['SafeInt']['output'];
};

/** An HTTP server to which events are posted. */
export type WebhookTarget = {
  /** As it was given. */
  readonly url: Scalars['String']['output'];
  /** Names alone: values may be secrets. */
  readonly headerNames: ReadonlyArray<Scalars['String']['output']>;
  /** Whether requests are signed by Standard Webhooks 1.0. */
  readonly signed: Scalars['Boolean']['output'];
  /** For the whole exchange. */
  readonly timeout: Scalars['Duration']['output'];
};

/** A subject of NATS. */
export type NatsTarget = {
  /** As it was given. */
  readonly subject: Scalars['String']['output'];
};

/** A topic of Kafka. */
export type KafkaTarget = {
  /** Its name. */
  readonly topic: Scalars['String']['output'];
};

/** An exchange of RabbitMQ. */
export type AmqpTarget = {
  /** Its name. */
  readonly exchange: Scalars['String']['output'];
  /** The routing key of each message. */
  readonly routingKey: Scalars['String']['output'];
};

/** A file on the gateway's machine. */
export type FileTarget = {
  /** Absolute. */
  readonly path: Scalars['String']['output'];
};

/** One attempt to deliver a message. */
export type DeliveryAttempt = {
  /** When it ended. */
  readonly at: Scalars['DateTime']['output'];
  /** Indexes of the events in it. */
  readonly indexes: ReadonlyArray<Scalars['SafeInt']['output']>;
  /** Whether the target took it. */
  readonly succeeded: Scalars['Boolean']['output'];
  /** The target's status code, where it has such. */
  readonly status: Maybe<Scalars['Int']['output']>;
  /** How long it took. */
  readonly milliseconds: Scalars['Float']['output'];
  /** The first 1,024 bytes of the answer, or what went wrong. An answer is null for those who may not read all that the owner of the sink may. */
  readonly response: Maybe<Scalars['String']['output']>;
};

/** How far a sink is behind the journal. */
export type SinkLag = {
  /** From the cursor to the end of the journal, whether they match or not. */
  readonly indexes: Scalars['SafeInt']['output'];
  /** Age of the oldest event that waits; 0 when none does. */
  readonly seconds: Scalars['Float']['output'];
};

/** A durable way out: it follows the journal and delivers the events that match. */
export type Sink = {
  /** A UUID. */
  readonly id: Scalars['ID']['output'];
  /** Unique in its namespace. */
  readonly name: Scalars['String']['output'];
  /** Where it belongs. */
  readonly namespace: Scalars['String']['output'];
  /** For people. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** Who declared it. */
  readonly origin: SinkOrigin;
  /** As it was given. */
  readonly filter: Maybe<Scalars['JSON']['output']>;
  /** Where it delivers to. */
  readonly target: SinkTarget;
  /** In which form. */
  readonly format: SinkFormat;
  /** Which changes of an event. */
  readonly delivers: SinkDelivery;
  /** Which deliveries wait for each other. */
  readonly order: SinkOrder;
  /** Requests under way at a time. */
  readonly parallel: Scalars['Int']['output'];
  /** Whether it delivers. */
  readonly state: SinkState;
  /** Why, as a sentence. */
  readonly stateReason: Maybe<Scalars['String']['output']>;
  /** Since when. */
  readonly stateSince: Scalars['DateTime']['output'];
  /** Everything up to here is delivered, failed and kept, or does not match. */
  readonly cursor: Scalars['SafeInt']['output'];
  /** How far it is behind the journal. */
  readonly lag: SinkLag;
  /** Events delivered since the sink was made, repeats included. */
  readonly deliveredCount: Scalars['SafeInt']['output'];
  /** Failed deliveries since the sink was made. */
  readonly failedCount: Scalars['SafeInt']['output'];
  /** Events that the target rejected, by index; 1000 a page at most. */
  readonly failedDeliveries: FailedDeliveryConnection;
  /** The latest attempts, newest first; the last 1,000 are kept, in the memory of the gateway that runs the sink. */
  readonly attempts: ReadonlyArray<DeliveryAttempt>;
  /** Its replays, the newest first. */
  readonly replays: ReadonlyArray<SinkReplay>;
  /** As it was given, in the form of SinkInput: what to change and hand to updateSink. Without secrets: values of headers are empty, and an update without headers leaves them as they are. Null for a sink of a file. */
  readonly definition: Maybe<Scalars['JSON']['output']>;
  /** Grows with every change of what was given. */
  readonly version: Scalars['Int']['output'];
  /** When it was made. */
  readonly createdAt: Scalars['DateTime']['output'];
  /** When it was changed. */
  readonly updatedAt: Scalars['DateTime']['output'];
};


/** A durable way out: it follows the journal and delivers the events that match. */
export type SinkFailedDeliveriesArgs = {
  statuses?: InputMaybe<ReadonlyArray<FailedDeliveryStatus>>;
  first?: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
};


/** A durable way out: it follows the journal and delivers the events that match. */
export type SinkAttemptsArgs = {
  first?: Scalars['Int']['input'];
};

/** The answer to createSink. */
export type CreateSinkPayload = {
  /** The sink as it was made. */
  readonly sink: Sink;
  /** The secret that was made, shown here alone; null where none was made. */
  readonly secret: Maybe<Scalars['String']['output']>;
};

/** The answer to rotateSinkSecret. */
export type RotateSinkSecretPayload = {
  /** The sink. */
  readonly sink: Sink;
  /** The new secret, shown here alone. */
  readonly secret: Scalars['String']['output'];
  /** Until then requests are signed with the old secret as well. */
  readonly oldSecretUntil: Scalars['DateTime']['output'];
};

/** A rule by which events make alarms. */
export type AlarmRule = {
  /** A UUID. */
  readonly id: Scalars['ID']['output'];
  /** Unique in its namespace. */
  readonly name: Scalars['String']['output'];
  /** Where it belongs. */
  readonly namespace: Scalars['String']['output'];
  /** For people. */
  readonly description: Maybe<Scalars['String']['output']>;
  /** Who declared it. */
  readonly origin: SinkOrigin;
  /** As it was given, in the form of AlarmRuleInput. */
  readonly definition: Scalars['JSON']['output'];
  /** Whether it is evaluated. */
  readonly enabled: Scalars['Boolean']['output'];
  /** Entities whose alarm is firing now, of the alarms that the caller may read. */
  readonly firingCount: Scalars['Int']['output'];
  /** When the latest of them fired, those that are over included; null where none has. */
  readonly lastFiredAt: Maybe<Scalars['DateTime']['output']>;
  /** Why it cannot be evaluated, or not all of it; null where it is. */
  readonly problem: Maybe<Scalars['String']['output']>;
  /** Grows with every change of what was given. */
  readonly version: Scalars['Int']['output'];
  /** When it was made. */
  readonly createdAt: Scalars['DateTime']['output'];
  /** When it was changed. */
  readonly updatedAt: Scalars['DateTime']['output'];
};

/** An alarm that a rule would have made. */
export type TestedAlarm = {
  /** The entity's labels, in the order of the rule. */
  readonly entity: ReadonlyArray<GroupLabel>;
  /** When it would have fired. */
  readonly startedAt: Scalars['DateTime']['output'];
  /** When it would have recovered; null where it would not within the time. */
  readonly recoveredAt: Maybe<Scalars['DateTime']['output']>;
  /** The number that it is about. */
  readonly value: Maybe<Scalars['Float']['output']>;
  /** The message that it would have had. */
  readonly message: Scalars['String']['output'];
};

/** The answer to testAlarmRule. */
export type AlarmTest = {
  /** The alarms that would have fired, in the order in which they would. */
  readonly alarms: ReadonlyArray<TestedAlarm>;
  /** Whether there were more alarms than are shown (1,000). */
  readonly truncated: Scalars['Boolean']['output'];
  /** Beginnings and ends of events that were evaluated. */
  readonly evaluatedEvents: Scalars['SafeInt']['output'];
};

/** An alarm of a rule for one entity. It is an event of the category Alarm as well. */
export type Alarm = {
  /** The id of its event. */
  readonly id: Scalars['ID']['output'];
  /** Its event, which begins when it fires and ends when it recovers. */
  readonly event: Event;
  /** Null when the rule is gone. */
  readonly rule: Maybe<AlarmRule>;
  /** As it was when it fired. */
  readonly ruleName: Scalars['String']['output'];
  /** The entity's labels, in the order of the rule. */
  readonly entity: ReadonlyArray<GroupLabel>;
  /** Whether it goes on. */
  readonly state: AlarmState;
  /** When it fired. */
  readonly startedAt: Scalars['DateTime']['output'];
  /** When it recovered; null while it goes on. */
  readonly recoveredAt: Maybe<Scalars['DateTime']['output']>;
  /** The number that made it fire; seconds for notEndedWithin and absentFor. */
  readonly value: Maybe<Scalars['Float']['output']>;
  /** The same number now, or as it recovered; at most a second old. */
  readonly latestValue: Maybe<Scalars['Float']['output']>;
  /** The latest events that led to it, at most 20, latest first. */
  readonly evidence: ReadonlyArray<Event>;
  /** When somebody said that they know of it. */
  readonly acknowledgedAt: Maybe<Scalars['DateTime']['output']>;
  /** Who did. */
  readonly acknowledgedBy: Maybe<Scalars['String']['output']>;
  /** What they said. */
  readonly comment: Maybe<Scalars['String']['output']>;
  /** Deliveries of its event by sinks, newest first, as far as the gateway that runs the sink remembers them. */
  readonly notices: ReadonlyArray<DeliveryAttempt>;
};


/** An alarm of a rule for one entity. It is an event of the category Alarm as well. */
export type AlarmNoticesArgs = {
  first?: Scalars['Int']['input'];
};

/** A page of alarms, newest first. */
export type AlarmConnection = {
  /** The alarms. */
  readonly nodes: ReadonlyArray<Alarm>;
  /** How to go on from here. */
  readonly pageInfo: PageInfo;
  /** How many there are in all; counted only when asked for. */
  readonly totalCount: Scalars['SafeInt']['output'];
};

/** Until when alarms are recorded without being notified. */
export type Silence = {
  /** A UUID. */
  readonly id: Scalars['ID']['output'];
  /** Of the rules that it covers. */
  readonly namespace: Scalars['String']['output'];
  /** Names of rules; it covers all of the namespace where there are none. */
  readonly rules: ReadonlyArray<Scalars['String']['output']>;
  /** As it was given; null where it covers alarms about any event. */
  readonly filter: Maybe<Scalars['JSON']['output']>;
  /** When it ends, or has ended. */
  readonly until: Scalars['DateTime']['output'];
  /** Why. */
  readonly comment: Scalars['String']['output'];
  /** Who made it. */
  readonly createdBy: Maybe<Scalars['String']['output']>;
  /** When it was made. */
  readonly createdAt: Scalars['DateTime']['output'];
};

/** A tag and how many events carry it. */
export type TagCount = {
  /** The tag: pool:gold. */
  readonly tag: Scalars['String']['output'];
  /** How many events carry it. */
  readonly count: Scalars['SafeInt']['output'];
};

/** The answer to tags. */
export type TagCounts = {
  /** Most used first. */
  readonly nodes: ReadonlyArray<TagCount>;
  /** Whether there are more than were asked for. */
  readonly truncated: Scalars['Boolean']['output'];
};

/** Rights over some of the events. */
export type Grant = {
  /** What may be done. */
  readonly actions: ReadonlyArray<GrantAction>;
  /** Globs. */
  readonly namespaces: ReadonlyArray<Scalars['String']['output']>;
  /** Nomad topics: Volume, Job:web, *. */
  readonly topics: ReadonlyArray<Scalars['String']['output']>;
  /** Further restricted to these events, where set. */
  readonly filter: Maybe<Scalars['JSON']['output']>;
  /** Fields that are kept back. */
  readonly hiddenFields: ReadonlyArray<HiddenField>;
};

/** Who asks, and what they may do. */
export type Viewer = {
  /** anonymous where nobody said who they are. */
  readonly name: Scalars['String']['output'];
  /** How the caller said who they are. */
  readonly kind: PrincipalKind;
  /** The caller's roles. */
  readonly roles: ReadonlyArray<Scalars['String']['output']>;
  /** When the credential expires; null where it does not. */
  readonly expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** What the roles allow, before what they deny. */
  readonly grants: ReadonlyArray<Grant>;
};

/** A token, without its secret. */
export type Token = {
  /** For revokeToken. */
  readonly id: Scalars['ID']['output'];
  /** The name of whoever shows it. */
  readonly name: Scalars['String']['output'];
  /** Its roles. */
  readonly roles: ReadonlyArray<Scalars['String']['output']>;
  /** When it was created. */
  readonly createdAt: Scalars['DateTime']['output'];
  /** Who created it; null for one that was created on the machine itself. */
  readonly createdBy: Maybe<Scalars['String']['output']>;
  /** When it expires; null where it does not. */
  readonly expiresAt: Maybe<Scalars['DateTime']['output']>;
  /** When it was used last, to the minute. */
  readonly lastUsedAt: Maybe<Scalars['DateTime']['output']>;
  /** When it was revoked; null while it holds. */
  readonly revokedAt: Maybe<Scalars['DateTime']['output']>;
};

/** The answer to createToken. */
export type CreateTokenPayload = {
  /** The token. */
  readonly token: Token;
  /** Shown here and never again. */
  readonly secret: Scalars['String']['output'];
};

/** What opens one stream of events. */
export type StreamTicket = {
  /** For ?ticket= in the URL of the stream. */
  readonly ticket: Scalars['String']['output'];
  /** Until when it can be used. */
  readonly expiresAt: Scalars['DateTime']['output'];
};

/** A notification that was read and is not meant to become an event. */
export type DroppedNotification = {
  /** One sentence that says why. */
  readonly reason: Scalars['String']['output'];
};

/** The answer to reportNotifications. */
export type ReportNotificationsPayload = {
  /** One for each notification, in the order given. */
  readonly results: ReadonlyArray<NotificationResult>;
  /** How many were recorded, or were there already. */
  readonly accepted: Scalars['Int']['output'];
  /** How many are not meant to become events. */
  readonly dropped: Scalars['Int']['output'];
  /** How many could not be recorded. */
  readonly rejected: Scalars['Int']['output'];
};

/** What became of one reported event. */
export type ReportResult = ReportedEvent | RejectedEvent;

/** Where a sink delivers to. */
export type SinkTarget = WebhookTarget | NatsTarget | KafkaTarget | AmqpTarget | FileTarget;

/** What became of one notification. */
export type NotificationResult = ReportedEvent | RejectedEvent | DroppedNotification;

/** Events, statistics of them, and the catalogue of what has been reported. */
export type Query = {
  /** Statistics of the events that match: one row a group, or a group and time bucket. Rows come largest count first, or in time order when interval is given; empty buckets between the first and the last are filled with count 0. Buckets of a day and longer begin at midnight in timeZone (IANA name). percentiles are ranks between 0 and 1. minIndex is that of events. */
  readonly aggregateEvents: EventAggregation;
  /** The catalogue of categories and their actions: built in, and whatever has been reported. */
  readonly categories: ReadonlyArray<Category>;
  /** The traits that events of a type carry, with their types. */
  readonly traitDescriptors: ReadonlyArray<TraitDescriptor>;
  /** One event by its id; null when there is none, or none that the caller may read. */
  readonly event: Maybe<Event>;
  /** Events that match, newest first unless orderBy says otherwise; pages of 30 by default, 1000 at most. Pages are keyset pages: events reported while a client pages neither repeat nor skip one. minIndex waits (at most 5 s) until the store holds everything up to that index: read your own writes. Where it takes longer the answer is UNAVAILABLE, and INDEX_AHEAD when the journal has not got that far. */
  readonly events: EventConnection;
  /** The last index of the journal and of the store. */
  readonly journal: JournalStatus;
  /** Sinks that the caller may see, by name. */
  readonly sinks: ReadonlyArray<Sink>;
  /** One sink by its id; null when there is none that the caller may see. */
  readonly sink: Maybe<Sink>;
  /** Rules that the caller may see, by name. */
  readonly alarmRules: ReadonlyArray<AlarmRule>;
  /** One rule by its id; null when there is none that the caller may see. */
  readonly alarmRule: Maybe<AlarmRule>;
  /** Alarms whose events the caller may read, newest first. */
  readonly alarms: AlarmConnection;
  /** Silences, newest first. */
  readonly silences: ReadonlyArray<Silence>;
  /** Tags in use, most used first. */
  readonly tags: TagCounts;
  /** Who asks, and what they may do. */
  readonly viewer: Viewer;
  /** Tokens, without their secrets, newest first; for those who may manage them. At most 10,000. */
  readonly tokens: ReadonlyArray<Token>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryAggregateEventsArgs = {
  filter?: InputMaybe<EventFilter>;
  measure?: InputMaybe<Measure>;
  groupBy?: InputMaybe<ReadonlyArray<GroupBy>>;
  interval?: InputMaybe<Scalars['Duration']['input']>;
  timeZone?: Scalars['String']['input'];
  percentiles?: InputMaybe<ReadonlyArray<Scalars['Float']['input']>>;
  first?: Scalars['Int']['input'];
  minIndex?: InputMaybe<Scalars['SafeInt']['input']>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryCategoriesArgs = {
  names?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryTraitDescriptorsArgs = {
  types?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryEventArgs = {
  id: Scalars['ID']['input'];
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryEventsArgs = {
  filter?: InputMaybe<EventFilter>;
  orderBy?: EventOrder;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  minIndex?: InputMaybe<Scalars['SafeInt']['input']>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QuerySinksArgs = {
  namespaces?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  states?: InputMaybe<ReadonlyArray<SinkState>>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QuerySinkArgs = {
  id: Scalars['ID']['input'];
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryAlarmRulesArgs = {
  namespaces?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryAlarmRuleArgs = {
  id: Scalars['ID']['input'];
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryAlarmsArgs = {
  filter?: InputMaybe<AlarmFilter>;
  first?: Scalars['Int']['input'];
  after?: InputMaybe<Scalars['String']['input']>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QuerySilencesArgs = {
  active?: InputMaybe<Scalars['Boolean']['input']>;
};


/** Events, statistics of them, and the catalogue of what has been reported. */
export type QueryTagsArgs = {
  prefix?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<EventFilter>;
  first?: Scalars['Int']['input'];
};

/** Ways to report events. */
export type Mutation = {
  /** Reports one event; see reportEvents. */
  readonly reportEvent: ReportResult;
  /** Reports events in order, at most 1000 a call. Each stands for itself: a bad one is answered as RejectedEvent and the others are recorded. Nothing that was answered as ReportedEvent is ever lost. A second report of the same namespace with the same id completes the first: the earliest time and the latest endTime count, and a later non-empty severity, message, value, tag or trait is added over the earlier one. */
  readonly reportEvents: ReportEventsPayload;
  /** The secret of a signed webhook is shown in this answer and never again. */
  readonly createSink: CreateSinkPayload;
  /** Rejected with CONFLICT when version is given and is not the sink's. The cursor stays where it is. */
  readonly updateSink: Sink;
  /** Deletes a sink with its failed deliveries, and answers its id. */
  readonly deleteSink: Scalars['ID']['output'];
  /** Delivers no more until it is resumed; the cursor stays. */
  readonly pauseSink: Sink;
  /** Goes on at the cursor, or where from says. */
  readonly resumeSink: Sink;
  /** Delivers one event now, once, without moving the cursor: an existing sink, or an input that is not saved. Without an event it is the latest that matches, or one that is made up. With both id and input it is the sink as the input would change it, with the secrets that the input leaves out. */
  readonly testSink: DeliveryAttempt;
  /** Delivers a part of the past again, as well as the live deliveries and with a cursor of its own. */
  readonly replaySink: SinkReplay;
  /** Ends a replay; what it has delivered stays delivered. */
  readonly cancelSinkReplay: SinkReplay;
  /** Puts failed deliveries back in line, all of them when no ids are given; answers how many. */
  readonly retryFailedDeliveries: Scalars['Int']['output'];
  /** Deletes failed deliveries, all of them when no ids are given; answers how many. */
  readonly discardFailedDeliveries: Scalars['Int']['output'];
  /** Signs with the new and the old secret until the old one ends. */
  readonly rotateSinkSecret: RotateSinkSecretPayload;
  /** Creates a rule; it begins with the events of its window that are stored, not empty. */
  readonly createAlarmRule: AlarmRule;
  /** A changed rule starts with what the store knows of its window, not empty. Rejected with CONFLICT when version is given and is not the rule’s. */
  readonly updateAlarmRule: AlarmRule;
  /** Deletes a rule and answers its id; its alarms that are firing end. */
  readonly deleteAlarmRule: Scalars['ID']['output'];
  /** When the rule would have fired and recovered over a part of the past. Nothing is recorded. */
  readonly testAlarmRule: AlarmTest;
  /** Says that the caller knows of an alarm. */
  readonly acknowledgeAlarm: Alarm;
  /** Alarms about events that match are still recorded, tagged silenced, and not notified. */
  readonly createSilence: Silence;
  /** Ends a silence now. */
  readonly endSilence: Silence;
  /** Creates a token; for those who may manage tokens, who give it roles that they have themselves. The secret is shown in this answer and never again. */
  readonly createToken: CreateTokenPayload;
  /** Revokes a token. Its feeds and sockets end at once. */
  readonly revokeToken: Token;
  /** A ticket for one GET of an event stream within 30 s (?ticket=…), as a browser's EventSource sends no headers. */
  readonly createStreamTicket: StreamTicket;
  /** Reports OpenStack's notifications, which become events by the event definitions. Each is in the form of Ceilometer's converter (ctxt, publisher_id, event_type, payload, metadata, and optionally priority) or as oslo.messaging puts it on the wire, in an envelope or bare, and stands for itself. */
  readonly reportNotifications: ReportNotificationsPayload;
};


/** Ways to report events. */
export type MutationReportEventArgs = {
  event: EventInput;
  wait?: ReportWait;
};


/** Ways to report events. */
export type MutationReportEventsArgs = {
  events: ReadonlyArray<EventInput>;
  wait?: ReportWait;
};


/** Ways to report events. */
export type MutationCreateSinkArgs = {
  input: SinkInput;
};


/** Ways to report events. */
export type MutationUpdateSinkArgs = {
  id: Scalars['ID']['input'];
  input: SinkInput;
  version?: InputMaybe<Scalars['Int']['input']>;
};


/** Ways to report events. */
export type MutationDeleteSinkArgs = {
  id: Scalars['ID']['input'];
};


/** Ways to report events. */
export type MutationPauseSinkArgs = {
  id: Scalars['ID']['input'];
  reason?: InputMaybe<Scalars['String']['input']>;
};


/** Ways to report events. */
export type MutationResumeSinkArgs = {
  id: Scalars['ID']['input'];
  from?: InputMaybe<SinkStart>;
};


/** Ways to report events. */
export type MutationTestSinkArgs = {
  id?: InputMaybe<Scalars['ID']['input']>;
  input?: InputMaybe<SinkInput>;
  event?: InputMaybe<EventInput>;
};


/** Ways to report events. */
export type MutationReplaySinkArgs = {
  id: Scalars['ID']['input'];
  range: ReplayRange;
  filter?: InputMaybe<EventFilter>;
};


/** Ways to report events. */
export type MutationCancelSinkReplayArgs = {
  id: Scalars['ID']['input'];
};


/** Ways to report events. */
export type MutationRetryFailedDeliveriesArgs = {
  sinkId: Scalars['ID']['input'];
  ids?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
};


/** Ways to report events. */
export type MutationDiscardFailedDeliveriesArgs = {
  sinkId: Scalars['ID']['input'];
  ids?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
};


/** Ways to report events. */
export type MutationRotateSinkSecretArgs = {
  id: Scalars['ID']['input'];
  keepOld?: Scalars['Duration']['input'];
};


/** Ways to report events. */
export type MutationCreateAlarmRuleArgs = {
  input: AlarmRuleInput;
};


/** Ways to report events. */
export type MutationUpdateAlarmRuleArgs = {
  id: Scalars['ID']['input'];
  input: AlarmRuleInput;
  version?: InputMaybe<Scalars['Int']['input']>;
};


/** Ways to report events. */
export type MutationDeleteAlarmRuleArgs = {
  id: Scalars['ID']['input'];
};


/** Ways to report events. */
export type MutationTestAlarmRuleArgs = {
  input: AlarmRuleInput;
  time: TimeRange;
};


/** Ways to report events. */
export type MutationAcknowledgeAlarmArgs = {
  id: Scalars['ID']['input'];
  comment?: InputMaybe<Scalars['String']['input']>;
};


/** Ways to report events. */
export type MutationCreateSilenceArgs = {
  input: SilenceInput;
};


/** Ways to report events. */
export type MutationEndSilenceArgs = {
  id: Scalars['ID']['input'];
};


/** Ways to report events. */
export type MutationCreateTokenArgs = {
  input: TokenInput;
};


/** Ways to report events. */
export type MutationRevokeTokenArgs = {
  id: Scalars['ID']['input'];
};


/** Ways to report events. */
export type MutationReportNotificationsArgs = {
  notifications: ReadonlyArray<Scalars['JSON']['input']>;
  wait?: ReportWait;
};

/** Live feeds of events. */
export type Subscription = {
  /** Every event that matches, once, in index order, as it is recorded. afterIndex resumes: everything recorded after that index comes first, from the store, then the live feed, with no gap and no repeat between them. Without it the feed begins now; 0 replays all that is kept. Ends with extensions.code SLOW_CONSUMER (and lastIndex) when the client reads too slowly, and INDEX_EXPIRED (and firstIndex) when afterIndex is older than what is kept, INDEX_AHEAD (and lastIndex) when the journal has not got that far, OTHER_JOURNAL when journalId is given and is not that of this journal. A filter that few events match wants eventBatches: its checkpoints keep the index to resume from recent. */
  readonly events: Event;
  /** The same feed, many events a message: for followers that want throughput. */
  readonly eventBatches: EventBatch;
  /** A sink whenever its state, its cursor or its counts change, at most once a second. */
  readonly sinkChanges: Sink;
  /** Alarms as they fire, change and recover. */
  readonly alarms: Alarm;
};


/** Live feeds of events. */
export type SubscriptionEventsArgs = {
  filter?: InputMaybe<EventFilter>;
  afterIndex?: InputMaybe<Scalars['SafeInt']['input']>;
  journalId?: InputMaybe<Scalars['ID']['input']>;
};


/** Live feeds of events. */
export type SubscriptionEventBatchesArgs = {
  filter?: InputMaybe<EventFilter>;
  afterIndex?: InputMaybe<Scalars['SafeInt']['input']>;
  journalId?: InputMaybe<Scalars['ID']['input']>;
  maxSize?: Scalars['Int']['input'];
  maxWait?: Scalars['Duration']['input'];
};


/** Live feeds of events. */
export type SubscriptionSinkChangesArgs = {
  ids?: InputMaybe<ReadonlyArray<Scalars['ID']['input']>>;
};


/** Live feeds of events. */
export type SubscriptionAlarmsArgs = {
  filter?: InputMaybe<AlarmFilter>;
};
