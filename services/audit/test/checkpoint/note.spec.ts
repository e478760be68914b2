import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { generateSigner, openNote, parseSigner, parseVerifier, signNote } from '../../src/checkpoint/index.ts';

/** The example of the specification itself (https://c2sp.org/signed-note). */
const EXAMPLE_KEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const EXAMPLE_NOTE =
  'This is an example message.\n\n' +
  '\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';

const signer = generateSigner('anamnesis/test');
const stranger = generateSigner('anamnesis/test');
const text = 'first line\nsecond line\n';
const note = signNote(text, signer);
const open = (signed: string) => openNote(signed, signer.verifier);

describe('a signed note', () => {
  it("opens the specification's own example", () => {
    const verifier = parseVerifier(EXAMPLE_KEY);
    expect(verifier?.line).toBe(EXAMPLE_KEY);
    expect(openNote(EXAMPLE_NOTE, verifier!)).toEqual({ ok: true, text: 'This is an example message.\n' });
  });

  it('opens with the key that signed it', () => {
    expect(open(note)).toEqual({ ok: true, text });
  });

  it('ignores the signatures of others beside its own', () => {
    const line = signNote(text, stranger).split('\n\n')[1]!;
    expect(open(note + line)).toEqual({ ok: true, text });
    expect(open(`${text}\n${line}`)).toEqual({ ok: false, reason: 'unknown-key' });
  });

  it('fails when its own key signed something else, even beside a good signature', () => {
    const other = signNote('another text\n', signer).split('\n\n')[1]!;
    expect(open(`${text}\n${other}`)).toEqual({ ok: false, reason: 'bad-signature' });
    expect(open(note + other)).toEqual({ ok: false, reason: 'bad-signature' });
  });

  it('never opens to another text after any change of one byte', () => {
    const bytes = Buffer.from(note);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= change;
        expect(open(changed.toString('utf8')).ok).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    ['nothing', ''],
    ['no signature', text],
    ['no text', note.slice(note.indexOf('\n\n') + 1)],
    ['no newline at the end', note.slice(0, -1)],
    ['an empty line at the end', `${note}\n`],
    ['a hyphen for the dash', note.replace('\u2014', '-')],
    ['two spaces', note.replace('\u2014 ', '\u2014  ')],
    ['base64 with a space', note.replace(/=\n$/, ' \n')],
    ['a carriage return', note.replace('first line', 'first line\r')],
    ['a lone surrogate', note.replace('first', '\ud800')],
    ['a megabyte', 'x'.repeat(1_000_000) + note],
  ])('is malformed with %s', (_, malformed) => {
    expect(open(malformed)).toEqual({ ok: false, reason: 'malformed' });
  });

  it('cannot be made of a text without a newline or with control characters', () => {
    expect(() => signNote('no newline', signer)).toThrow(RangeError);
    expect(() => signNote('bell\u0007\n', signer)).toThrow(RangeError);
  });
});

describe('a note key', () => {
  it('reads its own lines again', () => {
    const again = parseSigner(`${signer.line}\n`)!;
    expect(again.line).toBe(signer.line);
    expect(open(signNote(text, again))).toEqual({ ok: true, text });
    expect(parseVerifier(`${signer.verifier.line}\n`)?.id).toBe(signer.verifier.id);
  });

  it('is refused when its id does not fit its name and key', () => {
    expect(parseVerifier(signer.verifier.line.replace('anamnesis/test', 'anamnesis/other'))).toBeUndefined();
    expect(parseSigner(signer.line.replace('anamnesis/test', 'anamnesis/other'))).toBeUndefined();
  });

  it.each([
    '',
    'x',
    'a+b',
    'name+00000000+AAAA',
    `${'n'.repeat(2_000)}+00000000+AQ==`,
    EXAMPLE_KEY.replace('Aek', 'Bek'),
  ])('is refused as %p', (line) => {
    expect(parseVerifier(line)).toBeUndefined();
    expect(parseSigner(line)).toBeUndefined();
  });

  it('has a name without spaces and plus signs', () => {
    for (const name of ['', 'a b', 'a+b', 'a\nb', 'a\u00a0b']) expect(() => generateSigner(name)).toThrow(RangeError);
  });
});
