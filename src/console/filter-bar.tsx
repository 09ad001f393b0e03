import { useEffect, useRef, useState } from 'preact/hooks';
import type { Completion } from '../filter-text/complete.ts';
import { completionAt, needsValues, valuesOf, withValues } from './completion.ts';
import { readFilter } from './filter.ts';
import { Icon } from './icon.tsx';
import { useKeys } from './keys.ts';
import { useNavigation } from './navigation.tsx';
import { RangePicker } from './range-picker.tsx';

interface FilterBarProps {
  readonly withFilter: boolean;
  readonly withRange: boolean;
}

/** The filter and the time range of all views, as far as a view uses them. */
export function FilterBar({ withFilter, withRange }: FilterBarProps) {
  if (!withFilter && !withRange) return null;
  return (
    <search class="filter-bar">
      {withFilter && <FilterInput />}
      {withRange && <RangePicker />}
    </search>
  );
}

const noCompletion: Completion = { from: 0, to: 0, expects: 'FIELD', prefix: '', options: [] };
const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 };
const isChoosing = ({ key }: KeyboardEvent): boolean => key === 'Enter' || key === 'Tab';
/** How long somebody may pause in typing before values are asked for. */
const typingMs = 120;

function FilterInput() {
  const { place, go } = useNavigation();
  const [text, setText] = useState(place.filter);
  const [position, setPosition] = useState(0);
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const completion = useCompletion(isOpen ? text : null, position);
  const { options } = completion;
  const { fault } = readFilter(text);

  useEffect(() => {
    setText(place.filter);
    setOpen(false);
  }, [place.filter]);
  useKeys({
    '/': () => {
      input.current?.focus();
      input.current?.select();
    },
  });

  const apply = () => {
    setOpen(false);
    if (fault === null) go({ filter: text.trim() });
  };
  const clear = () => {
    setText('');
    go({ filter: '' });
    input.current?.focus();
  };
  const choose = (option: string) => {
    const before = text.slice(0, completion.from) + option;
    const isWhole = !option.endsWith(':') && option !== 'trait.';
    const next = `${before}${isWhole ? ' ' : ''}`;
    const written = next + text.slice(completion.to).trimStart();
    setText(written);
    setPosition(next.length);
    setChosen(null);
    requestAnimationFrame(() => input.current?.setSelectionRange(next.length, next.length));
  };
  const active = chosen === null ? -1 : options.indexOf(chosen);
  const move = (step: number) => {
    setOpen(true);
    const from = active === -1 && step === -1 ? 0 : active;
    setChosen(options[(from + step + options.length) % options.length] ?? null);
  };
  const press = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step !== undefined && options.length > 0) {
      event.preventDefault();
      move(step);
    } else if (chosen !== null && active >= 0 && isChoosing(event)) {
      event.preventDefault();
      choose(chosen);
    } else if (event.key === 'Escape') leave();
    else if (event.key === 'Enter') apply();
  };
  const leave = () => {
    if (isOpen) setOpen(false);
    else input.current?.blur();
  };
  const edited = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }) => {
    setText(currentTarget.value);
    setPosition(currentTarget.selectionStart ?? currentTarget.value.length);
    setChosen(null);
    setOpen(true);
  };
  const isShown = isOpen && options.length > 0;

  return (
    <div class="filter-input">
      <Icon name="search" />
      <input
        ref={input}
        role="combobox"
        aria-label="Filter"
        aria-expanded={isShown}
        aria-controls="filter-options"
        aria-autocomplete="list"
        aria-activedescendant={isShown && active >= 0 ? `filter-option-${active}` : undefined}
        aria-invalid={fault !== null}
        aria-describedby="filter-fault"
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        placeholder="Filter: type:Volume.* severity:error tag:pool:gold -key:vol-1"
        value={text}
        onInput={edited}
        onKeyDown={press}
        onClick={edited}
        onBlur={() => setOpen(false)}
      />
      {text.trim() !== place.filter && fault === null && <kbd class="hint">Enter</kbd>}
      {text !== '' && (
        <button type="button" class="quiet" aria-label="Clear the filter" onClick={clear}>
          <Icon name="close" />
        </button>
      )}
      <div
        id="filter-options"
        role="listbox"
        aria-label="Completions"
        class="options"
        hidden={!isShown}
      >
        {options.map((option, at) => (
          <div
            key={option}
            id={`filter-option-${at}`}
            role="option"
            aria-selected={at === active}
            tabIndex={-1}
            // Before the input loses the focus.
            onMouseDown={(event) => {
              event.preventDefault();
              choose(option);
            }}
          >
            {option}
          </div>
        ))}
      </div>
      <div id="filter-fault" class="filter-fault" role="status">
        {isShown ? '' : fault}
      </div>
    </div>
  );
}

/**
 * The options for the text as it is now: the values that were found for a shorter word are those for a longer one until the
 * gateway has answered.
 * @param text null where nothing is to be completed
 */
function useCompletion(text: string | null, position: number): Completion {
  const { place } = useNavigation();
  const [found, setFound] = useState<Found>(nothingFound);
  const written = text === null ? noCompletion : completionAt(text, position);
  const { expects, prefix } = written;
  const asksGateway = text !== null && needsValues(written);
  useEffect(() => {
    if (!asksGateway) return;
    const asking = new AbortController();
    const timer = setTimeout(() => {
      valuesOf({ expects, prefix }, place.range, asking.signal).then(
        (values) => setFound({ expects, values }),
        () => {
          // Typing goes on without options.
          if (!asking.signal.aborted) setFound(nothingFound);
        },
      );
    }, typingMs);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [asksGateway, expects, prefix, place.range]);
  if (!asksGateway) return written;
  return withValues(written, found.expects === expects ? found.values : []);
}

/** Values of a field, as the gateway last knew them. */
interface Found {
  readonly expects: Completion['expects'];
  readonly values: readonly string[];
}

const nothingFound: Found = { expects: 'FIELD', values: [] };
