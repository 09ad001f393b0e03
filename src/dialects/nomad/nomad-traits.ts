/** What an event of a Nomad cluster carries beyond what events of ours have a field for. */
export const nomadTraits = {
  /** INT: the cluster's own index, from which its stream is resumed. */
  index: 'nomad.index',
  /** TEXT: the cluster it came from. */
  cluster: 'nomad.cluster',
  /** TEXT `cluster`, where the event belongs to no namespace. */
  scope: 'nomad.scope',
  /** TEXT: which of Key and FilterKeys hold an empty text, which we cannot keep as a key. */
  empty: 'nomad.empty',
} as const;
