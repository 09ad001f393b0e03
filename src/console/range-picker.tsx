import { clockOf, dayOf } from './format.ts';
import { useNavigation } from './navigation.tsx';
import { isRelative, presets, rangeOf, type Span, spanOf } from './time-range.ts';

/** A length of time until now, or two instants. */
export function RangePicker() {
  const { place, go } = useNavigation();
  const { range } = place;
  const isPreset = isRelative(range) && presets.some(({ from }) => from === range.from);
  const span = spanOf(range, Date.now());

  const choose = (value: string) =>
    go({ range: value === 'custom' ? rangeOf(span) : { from: value, to: 'now' } });

  return (
    <div class="range-picker">
      <label>
        <span class="visually-hidden">Time range</span>
        <select
          value={isPreset ? range.from : 'custom'}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          {presets.map(({ from, title }) => (
            <option key={from} value={from}>
              {title}
            </option>
          ))}
          <option value="custom">From … to …</option>
        </select>
      </label>
      {!isPreset && <Bounds span={span} />}
    </div>
  );
}

function Bounds({ span }: { readonly span: Span }) {
  const { go } = useNavigation();
  const change = (bound: keyof Span) => (event: { readonly currentTarget: HTMLInputElement }) => {
    const ms = Date.parse(event.currentTarget.value);
    const changed = { ...span, [bound]: ms };
    if (changed.fromMs < changed.toMs) go({ range: rangeOf(changed) });
  };
  return (
    <>
      <input
        type="datetime-local"
        step="1"
        aria-label="From"
        value={inputValue(span.fromMs)}
        onChange={change('fromMs')}
      />
      <span aria-hidden="true">–</span>
      <input
        type="datetime-local"
        step="1"
        aria-label="To"
        value={inputValue(span.toMs)}
        onChange={change('toMs')}
      />
    </>
  );
}

const inputValue = (ms: number): string => `${dayOf(ms)}T${clockOf(ms, false)}`;
