const form = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID of any version in lower case; null for any other text. */
export function readUuid(text: string): string | null {
  if (form.test(text)) return text;
  const lower = text.toLowerCase();
  return form.test(lower) ? lower : null;
}
