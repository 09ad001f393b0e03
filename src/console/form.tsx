import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** What is wrong with it. */
  readonly fault?: string | null;
  readonly placeholder?: string;
  readonly inputMode?: 'text' | 'decimal';
  readonly required?: boolean;
}

export const TextField = ({ label, fault = null, onChange, ...input }: TextFieldProps) => (
  <label class="field">
    <span>{label}</span>
    <input
      {...input}
      autocomplete="off"
      spellcheck={false}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
    {fault !== null && <span class="field-fault">{fault}</span>}
  </label>
);

interface AreaFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly rows?: number;
  readonly placeholder?: string;
}

export const AreaField = ({ label, onChange, ...area }: AreaFieldProps) => (
  <label class="field">
    <span>{label}</span>
    <textarea
      {...area}
      spellcheck={false}
      onInput={({ currentTarget }) => onChange(currentTarget.value)}
    />
  </label>
);

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Values and their titles. */
  readonly options: readonly (readonly [value: string, title: string])[];
}

export const Choice = ({ label, value, onChange, options }: ChoiceProps) => (
  <label class="field">
    <span>{label}</span>
    <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      {options.map(([each, title]) => (
        <option key={each} value={each}>
          {title}
        </option>
      ))}
    </select>
  </label>
);

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

export const Check = ({ label, checked, onChange }: CheckProps) => (
  <label class="check">
    <input
      type="checkbox"
      checked={checked}
      onChange={({ currentTarget }) => onChange(currentTarget.checked)}
    />
    {label}
  </label>
);

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A window over the page, which the page behind it waits for. */
export function Dialog({ title, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-label={title} onClose={onClose}>
      <header class="dialog-head">
        <h2>{title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {children}
    </dialog>
  );
}

interface TabsProps {
  readonly label: string;
  readonly value: string;
  readonly tabs: readonly (readonly [value: string, title: string])[];
  readonly onChange: (value: string) => void;
}

export const Tabs = ({ label, value, tabs, onChange }: TabsProps) => (
  <nav class="tabs" aria-label={label}>
    {tabs.map(([each, title]) => (
      <button
        key={each}
        type="button"
        aria-current={each === value ? 'true' : undefined}
        onClick={() => onChange(each)}
      >
        {title}
      </button>
    ))}
  </nav>
);
