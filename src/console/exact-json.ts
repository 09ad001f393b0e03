type WithSource = (
  text: string,
  revive: (key: string, value: unknown, context?: { readonly source?: string }) => unknown,
) => unknown;
const { rawJSON } = JSON as unknown as { readonly rawJSON?: (text: string) => unknown };

/**
 * JSON whose integers keep the digits that a number cannot hold, where the browser can. Such an integer is an object, which
 * is printed as JSON and is good for nothing else.
 */
export function parseExactly(text: string): unknown {
  if (rawJSON === undefined || !/\d{16}/.test(text)) return JSON.parse(text);
  return (JSON.parse as WithSource)(text, (_key, value, context) => {
    const source = context?.source ?? '';
    const isRounded = /^-?\d{16,}$/.test(source) && !Number.isSafeInteger(value);
    return isRounded ? rawJSON(source) : value;
  });
}
