import type { ReplayRow, ReplayState } from '../store/sinks/sink-table.ts';
import { builder } from './builder.ts';

const SinkReplayStateEnum = builder.enumType('SinkReplayState', {
  description: 'How far a replay is.',
  values: {
    RUNNING: { description: 'It goes on.' },
    DONE: { description: 'Everything in its range is delivered, or failed and kept.' },
    CANCELLED: { description: 'Ended by a person.' },
  } satisfies Record<ReplayState, { description: string }>,
});

export const SinkReplayRef = builder.objectRef<ReplayRow>('SinkReplay').implement({
  description: 'A part of the past that a sink delivers again.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID.' }),
    state: t.expose('state', { type: SinkReplayStateEnum, description: 'How far it is.' }),
    from: t.expose('from', { type: 'SafeInt', description: 'The first index.' }),
    to: t.expose('to', { type: 'SafeInt', description: 'The last index.' }),
    cursor: t.field({
      type: 'SafeInt',
      description: 'Everything up to here is delivered again.',
      resolve: async (replay, _args, { sinks }) =>
        replay.state === 'DONE' ? replay.to : await sinks.views.replayCursor(replay),
    }),
    deliveredCount: t.expose('deliveredCount', {
      type: 'SafeInt',
      description: 'Events that it has delivered.',
    }),
    failedCount: t.expose('failedCount', {
      type: 'SafeInt',
      description: 'Events that the target rejected.',
    }),
  }),
});
