import { useEffect, useState } from 'preact/hooks';
import { copyText } from './clipboard.ts';
import { Icon } from './icon.tsx';

interface CopyProps {
  readonly label: string;
  /** What it says to those who do not see it next to what is copied. */
  readonly title: string;
  readonly text: () => string;
}

const copiedMs = 1_500;

export function Copy({ label, title, text }: CopyProps) {
  const [state, setState] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setState(''), copiedMs);
    return () => clearTimeout(timer);
  }, [state]);
  const copy = () =>
    void copyText(text()).then(
      () => setState('Copied'),
      () => setState('Not allowed'),
    );
  return (
    <button type="button" class="button" aria-label={title} onClick={copy}>
      <Icon name="copy" size={13} /> <span role="status">{state || label}</span>
    </button>
  );
}
