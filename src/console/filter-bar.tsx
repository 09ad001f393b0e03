import { useEffect, useRef, useState } from 'preact/hooks';
import type { Completion } from '../filter-text/complete.ts';
import { completionsAt } from './completion.ts';
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
  const [active, setActive] = useState(-1);
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
    setActive(-1);
    requestAnimationFrame(() => input.current?.setSelectionRange(next.length, next.length));
  };
  const shownOptions = isOpen ? options : [];
  const press = (event: KeyboardEvent) => {
    const step = steps[event.key];
    const chosen = shownOptions[active];
    if (step !== undefined && options.length > 0) {
      event.preventDefault();
      setOpen(true);
      setActive((active + step + options.length) % options.length);
    } else if (chosen !== undefined && isChoosing(event)) {
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
    setActive(-1);
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

/** @param text null where nothing is to be completed */
function useCompletion(text: string | null, position: number): Completion {
  const { place } = useNavigation();
  const [completion, setCompletion] = useState(noCompletion);
  useEffect(() => {
    if (text === null) return setCompletion(noCompletion);
    const asking = new AbortController();
    const timer = setTimeout(() => {
      completionsAt(text, position, place.range, asking.signal).then(setCompletion, () => {
        // Typing goes on without options.
        if (!asking.signal.aborted) setCompletion(noCompletion);
      });
    }, typingMs);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }, [text, position, place.range]);
  return completion;
}
