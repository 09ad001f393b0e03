import { InputError } from '../event/input-error.ts';
import { isMapping } from '../http/yaml.ts';
import { ListFile, type ListFileError } from '../http/yaml-list-file.ts';
import type { DeclaredSink } from './declared-sinks.ts';
import type { SinkInput } from './spec.ts';

/** Gives a sink of a file the form of the API's SinkInput. @throws InputError with the path of the fault */
export type CoerceSink = (given: unknown) => SinkInput;

export interface SinkFile {
  readonly sinks: readonly DeclaredSink[];
  /** Says the line of a fault that is found later: its argument begins with the position of the sink. */
  errorOf(error: InputError): ListFileError;
}

/**
 * Reads the content of TIDINGS_SINKS_FILE: a list of sinks under `sinks`. A webhook is signed where it has a secret.
 * @param file the name of the file in errors
 * @throws ListFileError with all faults at once
 */
export function parseSinkFile(text: string, file: string, coerce: CoerceSink): SinkFile {
  const list = new ListFile(text, file, 'sinks');
  const sinks = list.read((given) => {
    const input = coerce(signedBySecret(given));
    const { signed, secret } = input.target.webhook ?? {};
    if (signed && secret == null) {
      throw new InputError(
        ['target', 'webhook', 'secret'],
        'A signed webhook of a file needs a secret: nobody could see one that the gateway makes.',
      );
    }
    return { input };
  });
  return { sinks, errorOf: (error) => list.errorOf(error) };
}

/** The API makes a secret where none is given; in a file the default of `signed` is whether there is one. */
function signedBySecret(given: unknown): unknown {
  if (!isMapping(given) || !isMapping(given.target) || !isMapping(given.target.webhook))
    return given;
  const { target } = given;
  const webhook = target.webhook as Readonly<Record<string, unknown>>;
  const signed = webhook.signed ?? webhook.secret !== undefined;
  return { ...given, target: { ...target, webhook: { ...webhook, signed } } };
}
