/** Strokes within 24 by 24. */
const paths = {
  logo: 'M5 12a7 7 0 0 1 7 7M5 5a14 14 0 0 1 14 14M5 19h.01',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 6v12M6 12h12',
  minus: 'M6 12h12',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.6 5.6l1 1M17.4 17.4l1 1M18.4 5.6l-1 1M6.6 17.4l-1 1',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5Z',
  auto: 'M12 4a8 8 0 1 0 0 16ZM12 4a8 8 0 0 1 0 16',
  refresh: 'M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4',
  pause: 'M8 5v14M16 5v14',
  play: 'M8 5.5v13l10-6.5Z',
  external: 'M13 5h6v6M19 5l-9 9M11 6H5v13h13v-6',
  columns: 'M4 5h16v14H4zM10 5v14M15 5v14',
} as const;

export type IconName = keyof typeof paths;

/** Decoration: what it means is said by the words next to it, or by the label of its button. */
export const Icon = ({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) => (
  <svg class="icon" viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
    <path d={paths[name]} />
  </svg>
);
