import { eventColumns } from './event-columns.tsx';
import { Icon } from './icon.tsx';

interface ColumnMenuProps {
  /** Names with commas. */
  readonly chosen: string;
  readonly onChange: (chosen: string) => void;
}

export function ColumnMenu({ chosen, onChange }: ColumnMenuProps) {
  const names = new Set(chosen.split(','));
  const toggle = (name: string) => {
    const wanted = eventColumns
      .map((column) => column.name)
      .filter((each) => (each === name ? !names.has(each) : names.has(each)));
    if (wanted.length > 0) onChange(wanted.join(','));
  };
  return (
    <details class="menu">
      <summary class="button">
        <Icon name="columns" /> Columns
      </summary>
      <fieldset class="menu-panel">
        <legend class="visually-hidden">Columns</legend>
        {eventColumns.map(({ name, title }) => (
          <label key={name}>
            <input type="checkbox" checked={names.has(name)} onChange={() => toggle(name)} />
            {title || 'Severity'}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
