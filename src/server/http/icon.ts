/** As an SVG image. */
export const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="28" height="28" fill="none" ' +
  'stroke="#0d9488" stroke-width="2.5" stroke-linecap="round"><circle cx="5" cy="19" r="1.4"/>' +
  '<path d="M5 12a7 7 0 0 1 7 7M5 5a14 14 0 0 1 14 14"/></svg>';

/** As an address that needs no request. */
export const iconUrl = `data:image/svg+xml,${encodeURIComponent(icon)}`;
