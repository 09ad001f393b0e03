import { text } from 'node:stream/consumers';
import type { Call } from '../call.ts';
import type { Group } from '../command.ts';
import { baseOf } from '../connection.ts';
import { usageError } from '../exit-code.ts';
import { readContexts, type SavedContexts, saveContexts } from '../saved-contexts.ts';

export const contexts: Group = {
  details: 'They are kept in ~/.config/tidings/contexts.json.',
  commands: {
    list: {
      summary: 'List them, without their tokens.',
      async run(call) {
        call.noArguments();
        const saved = await readContexts(call.environment);
        const rows = Object.entries(saved.contexts).map(([name, { url, token }]) => ({
          name,
          url,
          token: token !== undefined,
          current: name === saved.current,
        }));
        await call.output.rows(['name', 'url', 'token', 'current'], rows);
        return undefined;
      },
    },
    set: {
      summary: 'Remember --url and --token under a name; the first is used from then on.',
      arguments: 'NAME',
      details:
        'With --token - the secret is read from standard input, so that it is in no history.',
      examples: ['tidings contexts set prod --url https://tidings.example.org --token - < secret'],
      async run(call) {
        const name = call.argument('the name');
        const url = call.text('url');
        if (url === undefined) throw usageError('contexts set needs the --url to remember.');
        const saved = await readContexts(call.environment);
        const token = await tokenOf(call);
        const context = { url: baseOf(url), ...(token !== undefined && { token }) };
        await saveContexts(call.environment, {
          current: saved.current ?? name,
          contexts: { ...saved.contexts, [name]: context },
        });
        return undefined;
      },
    },
    use: {
      summary: 'Use the gateway of this name from now on.',
      arguments: 'NAME',
      async run(call) {
        const { name, saved } = await known(call);
        await saveContexts(call.environment, { ...saved, current: name });
        return undefined;
      },
    },
    delete: {
      summary: 'Forget a name and its token.',
      arguments: 'NAME',
      async run(call) {
        const { name, saved } = await known(call);
        const { [name]: _, ...others } = saved.contexts;
        const { current } = saved;
        await saveContexts(call.environment, {
          ...(current !== undefined && current !== name && { current }),
          contexts: others,
        });
        return undefined;
      },
    },
  },
};

async function tokenOf(call: Call): Promise<string | undefined> {
  const given = call.text('token');
  if (given !== '-') return given;
  const secret = (await text(call.terminal.input)).trim();
  if (secret === '') throw usageError('Standard input has no token.');
  return secret;
}

async function known(call: Call): Promise<{ name: string; saved: SavedContexts }> {
  const name = call.argument('the name');
  const saved = await readContexts(call.environment);
  if (Object.hasOwn(saved.contexts, name)) return { name, saved };
  throw usageError(`There is no context ${name}.`);
}
