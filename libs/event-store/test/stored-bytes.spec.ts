import { describe, expect, it } from '@jest/globals';
import { decodeStored, encodeStored, storedRecordedAt, type StoredEvent } from '@anamnesis/event-store';

const EVENT: StoredEvent = {
  id: '0190a1b2-c3d4-7e5f-8a6b-7c8d9eafb0c1',
  type: 'Gemessen-✓',
  schema: 258,
  meta: '{"a":"é"}',
  data: new Uint8Array([0, 255, 7]),
  stream: 'observation-1',
  revision: 2 ** 33 + 5,
  position: 42,
  recordedAt: 1_790_000_000_123,
};

describe('the bytes of a stored event', () => {
  it('are laid out as documented, octet by octet', () => {
    const hex = [
      '01',
      '000001a0c4506c7b',
      '0000000200000005',
      '0190a1b2c3d47e5f8a6b7c8d9eafb0c1',
      '00000102',
      '0d',
      '000c',
      '0000000a',
      Buffer.from('observation-1').toString('hex'),
      Buffer.from('Gemessen-✓').toString('hex'),
      Buffer.from('{"a":"é"}').toString('hex'),
      '00ff07',
    ];
    expect(Buffer.from(encodeStored(EVENT)).toString('hex')).toBe(hex.join(''));
  });

  it('say the whole event again', () => {
    const bytes = encodeStored(EVENT);
    expect(decodeStored(bytes, 42)).toEqual(EVENT);
    expect(storedRecordedAt(bytes.subarray(0, 17))).toBe(EVENT.recordedAt);
  });

  it('are read without a copy of the data, wherever they lie in a larger buffer', () => {
    const bytes = encodeStored(EVENT);
    const large = new Uint8Array(bytes.length + 20);
    large.set(bytes, 13);
    const event = decodeStored(large.subarray(13, 13 + bytes.length), 42);
    expect(event).toEqual(EVENT);
    expect(event.data.buffer).toBe(large.buffer);
  });

  it('are refused when they are cut, or of an unknown format', () => {
    const bytes = encodeStored(EVENT);
    const corrupt = expect.objectContaining({ code: 'store-corrupt' });
    for (const end of [0, 1, 43, 44, 60, bytes.length - 4]) {
      expect(() => decodeStored(bytes.subarray(0, end), 1)).toThrow(corrupt as unknown as Error);
    }
    const unknown = bytes.slice();
    unknown[0] = 2;
    expect(() => decodeStored(unknown, 1)).toThrow(corrupt as unknown as Error);
  });

  it('are not made of what the format cannot hold', () => {
    expect(() => encodeStored({ ...EVENT, stream: 'Observation' })).toThrow(TypeError);
    expect(() => encodeStored({ ...EVENT, type: '' })).toThrow(TypeError);
    expect(() => encodeStored({ ...EVENT, id: 'g190a1b2-c3d4-7e5f-8a6b-7c8d9eafb0c1' })).toThrow(TypeError);
    expect(() => encodeStored({ ...EVENT, id: `é${EVENT.id.slice(1)}` })).toThrow(TypeError);
  });
});
