import { httpAddress, list, option, optional, reader, text } from '../../environment/readers.ts';
import { defineDialect } from '../dialect.ts';
import { nomadEncoder } from './encode.ts';
import { createNomadHttp } from './http.ts';
import { NomadSource } from './source.ts';
import { parseTopics } from './stream-query.ts';

const topics = reader<readonly string[]>(
  'topics such as Job, Allocation:web or *, with commas between them',
  (given) => {
    const entries = list(given);
    try {
      return parseTopics(entries).length > 0 ? entries : undefined;
    } catch {
      return undefined;
    }
  },
);

/** HashiCorp Nomad: the event stream of a cluster in, and our events as such a stream out. */
export const nomad = defineDialect({
  name: 'nomad',
  hasHttp: true,
  variables: {
    NOMAD_ADDR: optional(
      httpAddress,
      'A Nomad cluster whose event stream is followed: `http://host:4646`.',
      'off',
    ),
    NOMAD_TOKEN: optional(text, 'The secret to show that cluster.'),
    TIDINGS_NOMAD_CLUSTER: option(
      text,
      'nomad',
      "The cluster's name. The ids of its events contain it: give each cluster its own, and never change it.",
    ),
    TIDINGS_NOMAD_NAMESPACE: option(text, '*', 'The namespace to follow; `*` for all.'),
    TIDINGS_NOMAD_TOPICS: optional(topics, 'Topics to follow: `Job,Allocation:web`.', 'all'),
  },

  async open(context, { values, http, maxBatch, sourceContext }) {
    const { NOMAD_ADDR: address, NOMAD_TOKEN: token } = values;
    const settings = {
      token,
      cluster: values.TIDINGS_NOMAD_CLUSTER,
      namespace: values.TIDINGS_NOMAD_NAMESPACE,
      topics: values.TIDINGS_NOMAD_TOPICS ?? [],
      maxBatch,
    };
    return {
      http: http ? createNomadHttp(context) : undefined,
      encoders: [nomadEncoder],
      sources:
        address === null ? [] : [() => new NomadSource(sourceContext, { address, ...settings })],
    };
  },
});
