/** Control characters, some of which end a line, and the separators that some readers take for line ends. */
const breaking = /[\p{Cc}\u2028\u2029]/gu;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * The string in one line of a line-based protocol, so that line breaks within it cannot forge a line. JSON keeps its
 * meaning; elsewhere a line break is written as JSON would write it.
 */
export const inOneLine = (text: string): string => text.replace(breaking, escaped);
