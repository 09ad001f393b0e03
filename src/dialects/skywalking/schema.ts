import { buildSchema } from 'graphql';

/**
 * The served part of SkyWalking's query protocol: events, and the questions that its clients ask before. It has keys
 * that some versions of clients send and Tidings ignores (coldStage, needTotal), as unknown keys would be rejected.
 */
export const schema = buildSchema(
  /* GraphQL */ `
    "Milliseconds since the epoch, as a JSON number."
    scalar Long

    type Query {
      "The version of SkyWalking whose protocol this is."
      version: String
      "The time zone of every Duration, and the server's clock."
      getTimeInfo: TimeInfo
      checkHealth: HealthStatus!

      queryEvents(condition: EventQueryCondition): Events

      "Newest first."
      getAlarm(
        duration: Duration!
        scope: Scope
        keyword: String
        paging: Pagination!
        tags: [AlarmTag]
      ): Alarms
      "The same by more conditions."
      queryAlarms(condition: AlarmQueryCondition!): Alarms
      queryAlarmTagAutocompleteKeys(duration: Duration!): [String!]
      queryAlarmTagAutocompleteValues(tagKey: String!, duration: Duration!): [String!]

      "Layers of the known events."
      listLayers: [String!]!
      "Services of the known events, of one layer or of all."
      listServices(layer: String): [Service!]!
      getService(serviceId: String!): Service
      findService(serviceName: String!): Service
      listInstances(duration: Duration!, serviceId: ID!): [ServiceInstance!]!
      getInstance(instanceId: String!): ServiceInstance
      findEndpoint(keyword: String, serviceId: ID!, limit: Int!, duration: Duration): [Endpoint!]!
      getEndpointInfo(endpointId: ID!): EndpointInfo
    }

    type TimeInfo {
      "+0000"
      timezone: String
      currentTimestamp: Long
    }

    type HealthStatus {
      "0 is healthy."
      score: Int!
      details: String
    }

    type Events {
      events: [Event!]!
    }

    type Event {
      uuid: String!
      source: Source!
      name: String!
      type: EventType!
      message: String
      parameters: [KeyValue!]
      "0 where no report had the start."
      startTime: Long!
      "0 while the event lasts."
      endTime: Long
      layer: String!
    }

    type Source {
      service: String
      serviceInstance: String
      endpoint: String
    }

    type KeyValue {
      key: String!
      value: String
    }

    enum EventType {
      Normal
      Error
    }

    "Everything given must match; an empty string counts as not given."
    input EventQueryCondition {
      uuid: String
      source: SourceInput
      name: String
      type: EventType
      "Required where no uuid is given."
      time: Duration
      "By start, newest first (DES) unless ASC."
      order: Order
      layer: String
      paging: Pagination!
    }

    input SourceInput {
      service: String
      serviceInstance: String
      endpoint: String
    }

    "From the first to the last step, in the form that belongs to the step."
    input Duration {
      start: String!
      end: String!
      step: Step!
      coldStage: Boolean
    }

    enum Step {
      DAY
      HOUR
      MINUTE
      SECOND
    }

    enum Order {
      ASC
      DES
    }

    input Pagination {
      "From 1."
      pageNum: Int
      pageSize: Int!
      needTotal: Boolean
    }

    type Alarms {
      msgs: [AlarmMessage!]!
    }

    type AlarmMessage {
      startTime: Long!
      "Null while the alarm lasts."
      recoveryTime: Long
      scope: Scope
      "Of the entity that the alarm is about."
      id: ID!
      name: String!
      message: String!
      "Of the same service or instance in the same time, newest first; at most 100."
      events: [Event!]!
      tags: [KeyValue!]!
      snapshot: AlarmSnapshot!
    }

    "The values by which the alarm fired."
    type AlarmSnapshot {
      expression: String!
      metrics: [MQEMetric!]!
    }

    type MQEMetric {
      name: String!
      results: [MQEValues!]!
    }

    type MQEValues {
      metric: Metadata!
      values: [MQEValue!]!
    }

    type Metadata {
      labels: [KeyValue!]!
    }

    type MQEValue {
      id: ID
      owner: Owner
      value: String
      traceID: ID
    }

    type Owner {
      scope: Scope
      serviceID: ID
      serviceName: String
      normal: Boolean
      serviceInstanceID: ID
      serviceInstanceName: String
      endpointID: ID
      endpointName: String
    }

    enum Scope {
      All
      Service
      ServiceInstance
      Endpoint
      Process
      ServiceRelation
      ServiceInstanceRelation
      EndpointRelation
      ProcessRelation
    }

    input AlarmTag {
      key: String!
      value: String
    }

    input AlarmQueryCondition {
      duration: Duration!
      paging: Pagination!
      "One of them."
      entities: [Entity]
      layer: String
      ruleNames: [String]
      keyword: String
      tags: [AlarmTag]
    }

    input Entity {
      scope: Scope
      serviceName: String
      normal: Boolean
      serviceInstanceName: String
      endpointName: String
      processName: String
      destServiceName: String
      destNormal: Boolean
      destServiceInstanceName: String
      destEndpointName: String
      destProcessName: String
    }

    type Service {
      id: ID!
      name: String!
      group: String!
      shortName: String!
      layers: [String!]!
      normal: Boolean
    }

    type ServiceInstance {
      id: ID!
      name: String!
      attributes: [Attribute!]!
      language: Language!
      instanceUUID: String!
    }

    type Attribute {
      name: String!
      value: String!
    }

    enum Language {
      UNKNOWN
    }

    type Endpoint {
      id: ID!
      name: String!
    }

    type EndpointInfo {
      id: ID!
      name: String!
      serviceId: ID!
      serviceName: String!
    }
  `,
);
