interface Edition {
  readonly version: number;
}

interface OutdatedProps {
  /** What is edited: a rule. */
  readonly what: string;
  /** As the editor began with it; null for a new one. */
  readonly begun: Edition | null;
  /** As it is now; null where it is not there. */
  readonly current: Edition | null;
  /** Begins again with what is there now. */
  readonly onReload: () => void;
}

/** Says that somebody else has changed meanwhile what is edited: saving it is a conflict. */
export function Outdated({ what, begun, current, onReload }: OutdatedProps) {
  if (begun === null || begun.version === current?.version) return null;
  return (
    <p class="notice notice-error" role="alert">
      {current === null
        ? `Somebody has deleted this ${what}.`
        : `Somebody has changed this ${what} since you opened it: yours cannot be saved over theirs.`}{' '}
      {current !== null && (
        <button type="button" class="button small" onClick={onReload}>
          Show theirs, without my changes
        </button>
      )}
    </p>
  );
}
