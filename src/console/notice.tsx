import type { ComponentChildren } from 'preact';

/** Something that did not work, said once and politely. */
export const Fault = ({ error }: { readonly error: Error | string | null }) =>
  error === null ? null : (
    <p class="notice notice-error" role="alert">
      {typeof error === 'string' ? error : error.message}
    </p>
  );

/** What is shown where there is nothing to show. */
export const Empty = ({ children }: { readonly children: ComponentChildren }) => (
  <div class="empty">{children}</div>
);
