import type { ComponentChildren } from 'preact';
import { EventDetails } from './event-details.tsx';
import { useNavigation } from './navigation.tsx';

interface OpenEvent {
  readonly openId: string | null;
  open(id: string): void;
  close(): void;
}

/** The event that is open next to a view, as the URL says. */
export function useOpenEvent(): OpenEvent {
  const { place, replace } = useNavigation();
  const show = (event: string) => replace({ options: { ...place.options, event } });
  return { openId: place.options.event ?? null, open: show, close: () => show('') };
}

interface SplitProps {
  readonly children: ComponentChildren;
  /** How the view divides its room. */
  readonly class?: string;
  /** The open event is asked for again when it changes. */
  readonly revision?: unknown;
}

/** A view, and next to it the event that is open. */
export function Split({ children, class: name = 'split-main', revision }: SplitProps) {
  const { openId, close } = useOpenEvent();
  return (
    <div class={openId === null ? 'split' : 'split is-open'}>
      <div class={name}>{children}</div>
      {openId !== null && <EventDetails id={openId} revision={revision} onClose={close} />}
    </div>
  );
}
