import { quoted } from '../../../event/input-error.ts';

/** A template is malformed; the message is a sentence. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/** Makes a message of the entity that an alarm is about. */
export type AlarmText = (entity: { readonly name: string; readonly id0: string }) => string;

/** The `message` of a rule: {name} is the entity's name, {id} its id. @throws TemplateError */
export function alarmText(template: string): AlarmText {
  const named = /\{([^}]*)\}/g;
  const unknown = [...template.matchAll(named)].find(
    ([, name]) => name !== 'name' && name !== 'id',
  );
  if (unknown !== undefined) {
    throw new TemplateError(`${unknown[0]} has no meaning in a message: use {name} or {id}.`);
  }
  return ({ name, id0 }) => template.replaceAll(named, (_, what) => (what === 'name' ? name : id0));
}

/** Writes the alarm's message into a hook's template. */
export type HookText = (message: string) => string;

/** What Java's String.format makes of one string: %s is the string, %n a line break, %% a percent sign. */
const conversion = /%(?:(1\$)?s|n|%)|%/g;

/** A template that is not JSON: of WeLink, PagerDuty and Discord. @throws TemplateError */
export const plainText = (template: string): HookText => textOf(template, (message) => message);

/** A template that is JSON, into whose strings the message is escaped. @throws TemplateError */
export function jsonText(template: string): HookText {
  const json = withoutComments(template);
  try {
    JSON.parse(textOf(json, () => 'message')(''));
  } catch (cause) {
    if (cause instanceof TemplateError) throw cause;
    throw new TemplateError(`The template is not JSON: ${(cause as Error).message}.`, { cause });
  }
  return textOf(json, (message) => JSON.stringify(message).slice(1, -1));
}

function textOf(template: string, write: (message: string) => string): HookText {
  for (const { 0: found, index } of template.matchAll(conversion)) {
    if (found === '%') {
      const shown = quoted(template.slice(index, index + 4));
      throw new TemplateError(
        `At character ${index + 1}: ${shown} has no meaning in a template: write %s for the message and %% for a percent sign.`,
      );
    }
  }
  return (message) =>
    template.replaceAll(conversion, (found) => {
      if (found === '%%') return '%';
      return found === '%n' ? '\n' : write(message);
    });
}

/** SkyWalking's own examples have lines that begin with #, which its JSON reader leaves out. */
const withoutComments = (template: string): string =>
  template
    .split('\n')
    .filter((line) => !/^\s*(?:#|\/\/)/.test(line))
    .join('\n');
