import type { Command } from '../command.ts';
import { eventRow, eventSelection, type SelectedEvent } from '../event-row.ts';
import { exitCodes, usageError } from '../exit-code.ts';
import { withVisibleFields } from '../visible-fields.ts';

export const get: Command = {
  arguments: 'ID...',
  details: 'Ends with 1 where one of them does not exist, or may not be read.',
  options: { raw: { type: 'boolean', description: 'Also the message as it arrived.' } },
  examples: ['tidings get 0192f0c4-5d1e-7c3b-8a7d-1f2e3d4c5b6a --output json'],
  async run(call) {
    if (call.arguments.length === 0) throw usageError('get takes the id of an event.');
    const gateway = await call.gateway();
    const ask = (id: string) =>
      withVisibleFields(gateway, (hidden) =>
        gateway.ask<{ event: SelectedEvent | null }>(
          `query ($id: ID!) { event(id: $id) { ${eventSelection(hidden, call.flag('raw'))} } }`,
          { id },
        ),
      );
    let missing = false;
    for (const [at, id] of call.arguments.entries()) {
      const { event } = await ask(id);
      if (event === null) {
        missing = true;
        call.terminal.notice(`There is no event ${id}.`);
        continue;
      }
      if (at > 0 && call.output.format === 'table') await call.terminal.write('\n');
      await call.output.record(eventRow(event));
    }
    return missing ? exitCodes.no : undefined;
  },
};
