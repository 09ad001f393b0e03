import type { Command } from '../command.ts';
import { exitCodes } from '../exit-code.ts';

interface Part {
  readonly ok: boolean;
  readonly reason?: string;
}

interface Readiness {
  readonly status: string;
  readonly journal?: Part;
  readonly store?: Part;
  readonly sources?: Readonly<Record<string, Part>>;
}

export const health: Command = {
  details:
    'Ends with 0 where it is ready, with 1 where it is not, and with 3 where it cannot be reached.',
  examples: ['tidings health && tidings report Deploy.Begin'],
  async run(call) {
    call.noArguments();
    const gateway = await call.gateway();
    const { status, body } = await gateway.get('/readyz');
    const readiness = body as Readiness;
    const parts = [
      ['journal', readiness.journal],
      ['store', readiness.store],
      ...Object.entries(readiness.sources ?? {}).map(
        ([name, part]) => [`source ${name}`, part] as const,
      ),
    ] as const;
    if (call.output.format === 'json') await call.output.record({ ...readiness });
    else {
      const rows = parts.map(([part, state]) => ({
        part,
        state: state?.ok ? 'ok' : 'down',
        reason: state?.reason ?? null,
      }));
      const gatewayRow = { part: 'gateway', state: readiness.status, reason: null };
      await call.output.rows(['part', 'state', 'reason'], [gatewayRow, ...rows]);
    }
    return status === 200 ? undefined : exitCodes.no;
  },
};
