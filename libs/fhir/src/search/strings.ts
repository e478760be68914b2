const PLAIN = /^[\x20-\x7e]*$/;
const LONGEST = 200;

/**
 * A text as searches compare it (R4 search 3.1.1.4.8): lower case, no diacritics, white space folded, at most 200
 * characters.
 */
export function normaliseText(text: string): string {
  const short = text.length > 2 * LONGEST ? text.slice(0, 2 * LONGEST) : text;
  const letters = PLAIN.test(short) ? short : short.normalize('NFKD').replace(/\p{M}+/gu, '');
  const folded = letters
    .toLowerCase()
    .replace(/\s\s+|[^\S ]/g, ' ')
    .trim();
  if (folded.length <= LONGEST) return folded;
  const cut = folded.slice(0, LONGEST);
  return (cut.isWellFormed() ? cut : cut.slice(0, -1)).trimEnd();
}

/** At most this many different words of a narrative are indexed for `_text`. */
const MOST_WORDS = 2_000;

/** The different words of an XHTML narrative, normalised. */
export function narrativeWords(xhtml: string): string[] {
  const text = xhtml.replace(/<[^<>]*>/g, ' ').replace(/&(?:#\w+|\w+);/g, ' ');
  return [...new Set(wordsOf(text))].slice(0, MOST_WORDS);
}

/** The words of a text, normalised: runs of letters and digits, of two characters or more. */
export function wordsOf(text: string): string[] {
  return (text.match(/[\p{L}\p{N}\p{M}]{2,}/gu) ?? []).map(normaliseText).filter((word) => word.length > 1);
}
