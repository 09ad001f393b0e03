/** Traits for those parts of a Nomad event that our events have no field for. */
export const nomadTraits = {
  /** INT: the cluster's own index, from which its stream is resumed. */
  index: 'nomad.index',
  /** TEXT: the cluster it came from. */
  cluster: 'nomad.cluster',
  /** TEXT `cluster`, where the event belongs to no namespace. */
  scope: 'nomad.scope',
  /** TEXT: which of Key and FilterKeys have an empty string, which we cannot keep as a key. */
  empty: 'nomad.empty',
} as const;
