import type { Severity } from '../client/schema.generated.ts';

const titles: Readonly<Record<Severity, string>> = { NORMAL: 'Normal', ERROR: 'Error' };

/** A dot or a triangle: the colour is not all that says it. */
export const SeverityMark = ({ severity }: { readonly severity: Severity }) => (
  <span class={`severity severity-${severity.toLowerCase()}`} title={titles[severity]}>
    <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      {severity === 'ERROR' ? <path d="M6 1.2 11.2 10.6H.8Z" /> : <circle cx="6" cy="6" r="3.6" />}
    </svg>
    <span class="visually-hidden">{titles[severity]}</span>
  </span>
);
