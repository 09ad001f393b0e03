/** The longest line that is held: those of the largest jobs are a few MiB. */
const maxLength = 64 * 1024 * 1024;

/** The whole lines that each chunk of a body completes. A line that was cut off, or is too long, is left out. */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let begun = '';
  let tooLong = false;
  for await (const chunk of body) {
    const parts = decoder.decode(chunk, { stream: true }).split('\n');
    const rest = parts.pop() ?? '';
    if (parts.length === 0) {
      tooLong ||= begun.length + rest.length > maxLength;
      begun = tooLong ? '' : begun + rest;
      continue;
    }
    parts[0] = begun + parts[0];
    const lines = tooLong ? parts.slice(1) : parts;
    tooLong = false;
    begun = rest;
    yield lines.filter((line) => line.trim() !== '');
  }
}
