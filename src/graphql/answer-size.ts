/** Whether an answer has more bytes as JSON, about; what is beyond is not looked at. */
export const isAnswerTooLarge = (data: unknown, maxBytes: number): boolean =>
  bytesLeft(data, maxBytes) < 0;

/** Of a budget, once a value has been written; negative where it does not do. */
function bytesLeft(value: unknown, budget: number): number {
  if (typeof value === 'string') return budget - value.length - 2;
  if (typeof value !== 'object' || value === null) return budget - 4;
  let left = budget - 2;
  if (Array.isArray(value)) {
    for (const entry of value) {
      left = bytesLeft(entry, left) - 1;
      if (left < 0) return left;
    }
    return left;
  }
  for (const name in value) {
    left = bytesLeft((value as Record<string, unknown>)[name], left) - name.length - 4;
    if (left < 0) return left;
  }
  return left;
}
