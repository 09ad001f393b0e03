import { flag, oneOf, option, optional, text } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { createVampHttp } from './http.ts';
import { createWorkflowEncoder } from './workflows/encode.ts';
import { JobSource } from './workflows/job-source.ts';
import { WorkflowRuns } from './workflows/runs.ts';
import { openWorkflowFile } from './workflows/workflow-file.ts';

/** Vamp: its events API over HTTP, server-sent events and WebSocket, in and out, and its workflows that events trigger. */
export const vamp = defineDialect({
  name: 'vamp',
  hasHttp: true,
  variables: {
    TIDINGS_VAMP_VALUES: option(
      oneOf(['text', 'typed']),
      'text',
      'How Vamp clients are given values: `text`, as Vamp does, or `typed`.',
    ),
    TIDINGS_VAMP_STRICT: option(
      flag,
      'false',
      'Whether Vamp requests are rejected wherever Vamp rejects them.',
    ),
    VAMP_WORKFLOWS_FILE: optional(
      text,
      "Vamp's workflows with a schedule of events, which become sinks; read again on SIGHUP.",
      'none',
    ),
  },

  async open(context, { values, http, maxBodyBytes }) {
    const options = { values: values.TIDINGS_VAMP_VALUES, strict: values.TIDINGS_VAMP_STRICT };
    const { VAMP_WORKFLOWS_FILE: file } = values;
    const { log } = context;
    const runs = new WorkflowRuns(context);
    const workflows = file === null ? null : openWorkflowFile({ file, runs, log });
    return {
      http: http ? createVampHttp(context, { ...options, maxBodyBytes }) : undefined,
      encoders: [createWorkflowEncoder(runs)],
      ...(workflows !== null && {
        declaredSinks: () => workflows.loaded.sinks,
        declaredSinkError: (error) => workflows.loaded.errorOf(error),
        sources: [() => new JobSource({ clusters: () => workflows.loaded.clusters, runs, log })],
        reload: async () => workflows.reload(),
      }),
    };
  },
});
