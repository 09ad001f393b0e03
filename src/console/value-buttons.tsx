import { type Clicked, withClicked } from './filter.ts';
import { Icon } from './icon.tsx';
import { useNavigation } from './navigation.tsx';

/** Takes a value into the filter, or out of what it shows. */
export function useNarrowing(): (clicked: Clicked, negated: boolean) => void {
  const { place, go } = useNavigation();
  return (clicked, negated) => go({ filter: withClicked(place.filter, clicked, negated) });
}

interface ValueButtonsProps {
  readonly clicked: Clicked;
  readonly text: string;
  /** Whether they are left out of the order of the tab key, where other keys do the same. */
  readonly areOutOfOrder?: boolean;
}

/** + and −, next to a value. */
export function ValueButtons({ clicked, text, areOutOfOrder = false }: ValueButtonsProps) {
  const narrow = useNarrowing();
  const button = (negated: boolean) => (
    <button
      type="button"
      class="quiet"
      tabIndex={areOutOfOrder ? -1 : undefined}
      aria-label={`${negated ? 'No' : 'Only'} events with ${text}`}
      onClick={(event) => {
        // A row of a list opens by a click.
        event.stopPropagation();
        narrow(clicked, negated);
      }}
    >
      <Icon name={negated ? 'minus' : 'plus'} size={12} />
    </button>
  );
  return (
    <>
      {button(false)}
      {button(true)}
    </>
  );
}
