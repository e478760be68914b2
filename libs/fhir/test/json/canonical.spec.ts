import { describe, expect, it } from '@jest/globals';
import { canonicalResource, parseJson, stampMeta } from '../../src/json/index.ts';

const exact = (text: string): unknown => {
  const outcome = parseJson(text);
  if (outcome.problem !== undefined) throw new Error(outcome.problem.code);
  return outcome.exact;
};
const patient = { type: 'Patient', id: 'p1' };

describe('canonical text', () => {
  it('begins with type, id and meta, and keeps the order of the rest', () => {
    const text = canonicalResource(
      exact('{"name":[],"meta":{"tag":[1]},"id":"x","active":true,"resourceType":"Patient"}'),
      patient,
    );
    expect(text).toBe('{"resourceType":"Patient","id":"p1","meta":{"tag":[1]},"name":[],"active":true}');
  });

  it('has a meta also when the client sent none', () => {
    expect(canonicalResource(exact('{"resourceType":"Patient"}'), patient)).toBe(
      '{"resourceType":"Patient","id":"p1","meta":{}}',
    );
  });

  it('drops the version of the client from meta and nothing else', () => {
    const text =
      '{"resourceType":"Patient","meta":{"versionId":"9","profile":["a"],"lastUpdated":"2020-01-01T00:00:00Z","_lastUpdated":{}}}';
    expect(canonicalResource(exact(text), patient)).toBe(
      '{"resourceType":"Patient","id":"p1","meta":{"profile":["a"]}}',
    );
  });

  it('writes numbers as they came', () => {
    const text =
      '{"resourceType":"Patient","id":"p1","meta":{},"value":[1.00,-0.0,1e2,123456789012345678901234567890]}';
    expect(canonicalResource(exact(text), patient)).toBe(text);
  });

  it('loses no hostile key', () => {
    const text = '{"resourceType":"Patient","id":"p1","meta":{},"__proto__":{"a":1}}';
    expect(canonicalResource(exact(text), patient)).toBe(text);
  });

  it('does not change what it is given', () => {
    const source = Object.freeze({ resourceType: 'Patient', meta: Object.freeze({ versionId: '1' }) });
    expect(canonicalResource(source, patient)).toContain('"meta":{}');
  });
});

describe('a version stamped on canonical text', () => {
  const stamp = (text: string): string => stampMeta(text, 'Patient', 'p1', '3', '2026-01-02T03:04:05.678Z');

  it('stands first in meta', () => {
    expect(stamp('{"resourceType":"Patient","id":"p1","meta":{},"active":true}')).toBe(
      '{"resourceType":"Patient","id":"p1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678Z"},"active":true}',
    );
    expect(stamp('{"resourceType":"Patient","id":"p1","meta":{"source":"#a"}}')).toBe(
      '{"resourceType":"Patient","id":"p1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678Z","source":"#a"}}',
    );
  });

  it('is refused on text that is not canonical for the name', () => {
    expect(() => stamp('{"resourceType":"Patient","id":"p2","meta":{}}')).toThrow('canonical');
    expect(() => stamp('{"id":"p1","resourceType":"Patient","meta":{}}')).toThrow('canonical');
  });
});
