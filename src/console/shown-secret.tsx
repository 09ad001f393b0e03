import { Copy } from './copy.tsx';

/** The secret of a signed webhook, which the gateway shows once. */
export const ShownSecret = ({ secret }: { readonly secret: string }) => (
  <div class="notice" role="status">
    <p>
      The secret, for whoever checks the signatures. It is shown here, and never again: keep it now.
    </p>
    <p class="actions">
      <code class="secret">{secret}</code>
      <Copy label="Copy" title="Copy the secret" text={() => secret} />
    </p>
  </div>
);
