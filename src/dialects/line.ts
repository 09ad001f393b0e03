/** Controls, of which some end a line, and the separators that some readers take for the end of one. */
const breaking = /[\p{Cc}\u2028\u2029]/gu;

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * A text that stays within its line in every protocol of lines, whoever reads it. Of JSON it is the same JSON; in
 * other texts a line break is written as JSON would write it.
 */
export const inOneLine = (text: string): string => text.replace(breaking, escaped);
