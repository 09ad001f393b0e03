/** A metric's name as an expression has it: in backquotes, unless MQE itself can write it. */
export const nameInExpression = (name: string): string =>
  /^[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `\`${name}\``;
