/**
 * Tags as they are kept: one tagged `group:label` is also tagged `group` (the part before the first
 * colon), which comes before it; each once. A tag that begins with a colon has no group.
 */
export function expandTags(tags: readonly string[]): readonly string[] {
  if (tags.length === 0) return none;
  const expanded = new Set<string>();
  for (const tag of tags) {
    const colon = tag.indexOf(':');
    if (colon > 0) expanded.add(tag.slice(0, colon));
    expanded.add(tag);
  }
  return [...expanded];
}

const none: readonly string[] = [];
