import { useState } from 'preact/hooks';

/** A choice of the reader that this browser remembers; it also works where nothing may be remembered. */
export function useRemembered(name: string, absent: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => recall(name) ?? absent);
  return [
    value,
    (chosen) => {
      setValue(chosen);
      try {
        localStorage.setItem(`tidings.${name}`, chosen);
      } catch {
        // The browser keeps nothing: the choice holds until the page is closed.
      }
    },
  ];
}

export function recall(name: string): string | null {
  try {
    return localStorage.getItem(`tidings.${name}`);
  } catch {
    return null;
  }
}
