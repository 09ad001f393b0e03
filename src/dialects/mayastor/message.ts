export type JsonObject = Readonly<Record<string, unknown>>;

/** A member under its snake_case name, or under the camelCase name that the pbjson encoding gives it. */
export function member(object: JsonObject, snake: string): unknown {
  return object[snake] ?? object[camel(snake)];
}

const camelNames = new Map<string, string>();

/** The name that the pbjson encoding gives a field. */
export function camel(snake: string): string {
  const known = camelNames.get(snake);
  if (known !== undefined) return known;
  const name = snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  camelNames.set(snake, name);
  return name;
}
