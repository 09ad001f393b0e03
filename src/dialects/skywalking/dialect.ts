import { addresses, flag, option, optional, text, wholeNumber } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { alarmEncoder } from './alarms/alarm-encoder.ts';
import { CurrentAlarmSettings } from './alarms/alarm-settings.ts';
import { declaredRules } from './alarms/declared-rules.ts';
import { hookSinks } from './alarms/hook-sinks.ts';
import { openStatusPort } from './alarms/status-port.ts';
import { createSkyWalkingHttp } from './http.ts';

/** Apache SkyWalking: events by HTTP, gRPC and Kafka in, and its GraphQL query protocol out. */
export const skyWalking = defineDialect({
  name: 'skywalking',
  hasHttp: true,
  variables: {
    SKYWALKING_GRPC_PORT: optional(
      wholeNumber(0, 65_535),
      "The port for SkyWalking's agents: 11800 is SkyWalking's own.",
      'off',
    ),
    TIDINGS_SKYWALKING_AUTHENTICATION: optional(
      text,
      'What agents must send as `Authentication`; with `TIDINGS_AUTH_FILE`, a token will do.',
    ),
    TIDINGS_SKYWALKING_STRICT: option(
      flag,
      'false',
      'Whether an event without a layer ends the call, as in SkyWalking.',
    ),
    KAFKA_BROKERS: optional(
      addresses,
      'Kafka with SkyWalking events: `host:9092`, several with commas.',
      'off',
    ),
    TIDINGS_KAFKA_NAMESPACE: optional(text, 'Prefix of the name of the topic `skywalking-events`.'),
    TIDINGS_KAFKA_GROUP: option(
      text,
      'tidings',
      'The consumer group: its gateways share the topic.',
    ),
    SKYWALKING_STATUS_PORT: optional(
      wholeNumber(0, 65_535),
      "The port for SkyWalking's status pages of alarm rules: 17128 is SkyWalking's own.",
      'off',
    ),
    ALARM_SETTINGS_FILE: optional(
      text,
      "Alarm rules and hooks in SkyWalking's format, alarm-settings.yml; read again on SIGHUP.",
      'none',
    ),
  },

  async open(context, settings) {
    const {
      values,
      http,
      host,
      maxBodyBytes,
      maxBatch,
      sourceContext,
      identify,
      certificate,
      alarmWindows,
    } = settings;
    const { SKYWALKING_GRPC_PORT: port, KAFKA_BROKERS: brokers } = values;
    const { SKYWALKING_STATUS_PORT: statusPort } = values;
    const grpc = {
      host,
      authentication: values.TIDINGS_SKYWALKING_AUTHENTICATION,
      strict: values.TIDINGS_SKYWALKING_STRICT,
      identify,
      certificate,
      maxBatch,
    };
    const kafka = {
      namespace: values.TIDINGS_KAFKA_NAMESPACE,
      group: values.TIDINGS_KAFKA_GROUP,
      maxBatch,
    };
    // Settings that nobody needs cannot keep the gateway from starting.
    const isOn = http || port !== null || brokers !== null;
    const alarmSettings = await CurrentAlarmSettings.open(
      isOn ? values.ALARM_SETTINGS_FILE : null,
      context.log,
    );
    return {
      http: http
        ? createSkyWalkingHttp(context, { maxBatch, maxBodyBytes, alarmSettings })
        : undefined,
      encoders: [alarmEncoder(alarmSettings)],
      ...(isOn && {
        declaredSinks: () => hookSinks(alarmSettings.settings),
        declaredRules: () => declaredRules(alarmSettings.settings),
      }),
      listeners:
        statusPort === null
          ? []
          : [
              () =>
                openStatusPort(
                  { host, port: statusPort, certificate, identify, alarmSettings, alarmWindows },
                  context.store,
                  context.log,
                ),
            ],
      reload: async () => void (await alarmSettings.reload()),
      // Their libraries take 10 MB each of a gateway that does not use them.
      sources: [
        ...(brokers === null
          ? []
          : [
              async () => {
                const { SkyWalkingKafkaSource } = await import('./source.ts');
                return new SkyWalkingKafkaSource(sourceContext, { brokers, ...kafka });
              },
            ]),
        ...(port === null
          ? []
          : [
              async () => {
                const { openSkyWalkingGrpc } = await import('./grpc.ts');
                return openSkyWalkingGrpc(sourceContext, { port, ...grpc });
              },
            ]),
      ],
    };
  },
});
