import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import { type Place, printPlace, readPlace } from './place.ts';

/** The URL of the page, as a place, and the way to others. */
export interface Navigation {
  readonly place: Place;
  /** Goes to another place, to which the back button returns. */
  go(change: Partial<Place>): void;
  /** The same in place of the present one. */
  replace(change: Partial<Place>): void;
}

export const NavigationContext = createContext<Navigation | null>(null);

export function useNavigation(): Navigation {
  const navigation = useContext(NavigationContext);
  if (navigation === null) throw new Error('There is no navigation here.');
  return navigation;
}

/** The options of the present view, and how to change one. */
export function useOption(name: string, absent: string): [string, (value: string) => void] {
  const { place, replace } = useNavigation();
  const set = (value: string) =>
    replace({ options: { ...place.options, [name]: value === absent ? '' : value } });
  return [place.options[name] ?? absent, set];
}

/** Follows the URL; for the root of the page alone. */
export function useUrl(): Navigation {
  const [place, setPlace] = useState(() => readPlace(location.search));
  useEffect(() => {
    const read = () => setPlace(readPlace(location.search));
    addEventListener('popstate', read);
    return () => removeEventListener('popstate', read);
  }, []);
  const change = (how: 'pushState' | 'replaceState') => (changed: Partial<Place>) => {
    // Of the URL and not of the last rendering: two changes in a row must both count.
    const next = { ...readPlace(location.search), ...changed };
    const url = printPlace(next);
    if (url !== location.pathname + location.search) history[how](null, '', url);
    setPlace(readPlace(location.search));
  };
  return { place, go: change('pushState'), replace: change('replaceState') };
}
