/** Standard base64 in its one canonical form; undefined for anything else, which Buffer would read leniently. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}
