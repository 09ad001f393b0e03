import { useEffect, useState } from 'preact/hooks';
import { recall, useRemembered } from './remembered.ts';

const choices = ['auto', 'light', 'dark'] as const;
export type ThemeChoice = (typeof choices)[number];

const isChoice = (text: string | null): text is ThemeChoice =>
  choices.some((choice) => choice === text);

/** Before anything is shown, so that nothing flashes. */
export function applyTheme(choice: string | null = recall('theme')): void {
  const { dataset } = document.documentElement;
  if (isChoice(choice) && choice !== 'auto') dataset.theme = choice;
  else delete dataset.theme;
}

export function useTheme(): [ThemeChoice, () => void] {
  const [remembered, remember] = useRemembered('theme', 'auto');
  const choice = isChoice(remembered) ? remembered : 'auto';
  const next = () => {
    const following = choices[(choices.indexOf(choice) + 1) % choices.length] ?? 'auto';
    applyTheme(following);
    remember(following);
    dispatchEvent(new Event('tidings-theme'));
  };
  return [choice, next];
}

/** Colours of the style sheet, for what is drawn on a canvas; others after a change of the theme. */
export function useColours(): (name: string) => string {
  const [, setVersion] = useState(0);
  useEffect(() => {
    const changed = () => setVersion((version) => version + 1);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', changed);
    addEventListener('tidings-theme', changed);
    return () => {
      dark.removeEventListener('change', changed);
      removeEventListener('tidings-theme', changed);
    };
  }, []);
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(`--${name}`).trim();
}
