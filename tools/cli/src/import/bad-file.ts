/** Why a file cannot be imported; the others go on. The message is a predicate of the file: "is no JSON". */
export class BadFile extends Error {
  override readonly name = 'BadFile';
}
