import { describe, expect, it } from '@jest/globals';
import { createDecipheriv, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Fault } from '@anamnesis/kernel';
import { open, seal, type SealContext } from '../src/index.ts';

const key = new Uint8Array(randomBytes(32));
const context: SealContext = {
  stream: 'patient-0d9f3a3e-58c2-4a9e-9d3c-6a1b2c3d4e5f',
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  type: 'PatientRegistered',
  schema: 1,
};
const altered = expect.objectContaining({ code: 'event-altered', retryable: false });

describe('a sealed event', () => {
  it('opens to what was sealed, bytes and text of any kind', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
        expect(new Uint8Array(open(key, context, seal(key, context, bytes)))).toEqual(bytes);
      }),
    );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (text) => {
        expect(open(key, context, seal(key, context, text)).toString('utf8')).toBe(text);
      }),
    );
  });

  it('does not open after any one bit of it was changed', () => {
    const sealed = seal(key, context, 'Erika');
    for (let at = 0; at < sealed.length * 8; at++) {
      const changed = sealed.slice();
      changed[at >> 3]! ^= 1 << (at & 7);
      expect(() => open(key, context, changed)).toThrow(altered);
    }
  });

  it('does not open when it was cut', () => {
    const sealed = seal(key, context, 'Erika');
    for (let length = 0; length < sealed.length; length++) {
      expect(() => open(key, context, sealed.subarray(0, length))).toThrow(altered);
    }
  });

  it.each<[string, Partial<SealContext>]>([
    ['stream', { stream: 'patient-1d9f3a3e-58c2-4a9e-9d3c-6a1b2c3d4e5f' }],
    ['event id', { id: '01890a5d-ac96-774b-bcce-b302099a8058' }],
    ['type', { type: 'DemographicsCorrected' }],
    ['schema', { schema: 2 }],
  ])('does not open under another %s', (_, other) => {
    expect(() => open(key, { ...context, ...other }, seal(key, context, 'Erika'))).toThrow(altered);
  });

  it('does not open when a letter moved from one field of the envelope to the next', () => {
    const sealed = seal(key, { stream: 'ab', id: 'c', type: 'd', schema: 1 }, 'Erika');
    expect(() => open(key, { stream: 'a', id: 'bc', type: 'd', schema: 1 }, sealed)).toThrow(Fault);
    expect(() => open(key, { stream: 'ab', id: 'cd', type: '', schema: 1 }, sealed)).toThrow(Fault);
  });

  it('does not open with another key', () => {
    expect(() => open(new Uint8Array(randomBytes(32)), context, seal(key, context, 'Erika'))).toThrow(altered);
  });

  it('never has the same nonce or bytes twice', () => {
    const seals = Array.from({ length: 3000 }, () => Buffer.from(seal(key, context, 'Erika')).toString('hex', 1, 13));
    expect(new Set(seals).size).toBe(seals.length);
  });

  it('is laid out as documented, so that another program can open it', () => {
    const sealed = Buffer.from(seal(key, context, 'Erika'));
    expect(sealed[0]).toBe(1);
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13));
    const fields = [context.stream, context.id, context.type, '1'].map((text) => {
      const bytes = Buffer.from(text, 'utf8');
      return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
    });
    decipher.setAAD(Buffer.concat(fields)).setAuthTag(sealed.subarray(-16));
    expect(decipher.update(sealed.subarray(13, -16), undefined, 'utf8') + decipher.final('utf8')).toBe('Erika');
  });

  it('is bound to long names and to names beyond ASCII as well', () => {
    const long = { ...context, type: 'Ä'.repeat(4000) };
    const sealed = seal(key, long, 'Erika');
    expect(open(key, long, sealed).toString()).toBe('Erika');
    expect(() => open(key, { ...long, type: 'Ä'.repeat(3999) + 'A' }, sealed)).toThrow(altered);
    expect(() => seal(key, { ...context, type: 'x'.repeat(70_000) }, 'Erika')).toThrow(RangeError);
  });

  it('is never made with a key that was evicted, or with one of another length', () => {
    expect(() => seal(new Uint8Array(32), context, 'Erika')).toThrow(TypeError);
    expect(() => seal(new Uint8Array(16).fill(1), context, 'Erika')).toThrow(TypeError);
    expect(() => open(new Uint8Array(32), context, seal(key, context, 'Erika'))).toThrow(TypeError);
  });
});
