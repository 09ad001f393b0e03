import { Icon } from './icon.tsx';

interface RefreshButtonsProps {
  /** Whether there is something newer. */
  readonly isBehind: boolean;
  readonly refresh: () => void;
}

export const RefreshButtons = ({ isBehind, refresh }: RefreshButtonsProps) => (
  <>
    {isBehind && (
      <button type="button" class="button primary" onClick={refresh}>
        Newer events: show them
      </button>
    )}
    <button type="button" class="button" onClick={refresh}>
      <Icon name="refresh" /> Refresh
    </button>
  </>
);
