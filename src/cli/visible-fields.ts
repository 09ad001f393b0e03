import type { HiddenField, Viewer } from '../client/schema.generated.ts';
import { CommandError, exitCodes } from './exit-code.ts';
import type { Gateway } from './gateway.ts';

export type Hidden = ReadonlySet<HiddenField>;

/** The fields of a selection that are not hidden. @param fields each with what hides it; null for nothing */
export const visible = (
  hidden: Hidden,
  fields: readonly (readonly [selection: string, hiddenBy: HiddenField | null])[],
): string =>
  fields
    .filter(([, field]) => field === null || !hidden.has(field))
    .map(([selection]) => selection)
    .join(' ');

/**
 * Asks for all fields of events, and where that is forbidden once more, without those that are hidden from the caller: most
 * callers need one request.
 */
export async function withVisibleFields<Result>(
  gateway: Gateway,
  ask: (hidden: Hidden) => Promise<Result>,
): Promise<Result> {
  try {
    return await ask(gateway.hidden);
  } catch (error) {
    if (!(error instanceof CommandError) || error.exitCode !== exitCodes.forbidden) throw error;
    const hidden = await hiddenFrom(gateway, error);
    if ([...hidden].every((field) => gateway.hidden.has(field))) throw error;
    gateway.hidden = hidden;
    return await ask(hidden);
  }
}

async function hiddenFrom(gateway: Gateway, error: CommandError): Promise<Hidden> {
  const { hiddenFieldsOf } = await import('../client/hidden-fields.ts');
  const asked = gateway.ask<{ readonly viewer: Viewer }>(
    '{ viewer { grants { actions namespaces topics filter hiddenFields } } }',
  );
  const { viewer } = await asked.catch(() => {
    throw error;
  });
  return hiddenFieldsOf(viewer.grants);
}
