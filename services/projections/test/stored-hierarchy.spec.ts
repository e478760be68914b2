import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseSearch, storedHierarchy } from '@anamnesis/fhir/search';
import { TestRecord } from './record.ts';

describe('a hierarchy of stored resources', () => {
  let record: TestRecord;

  const location = (id: string, whole?: string) => ({
    type: 'Location',
    id,
    content: whole === undefined ? {} : { partOf: { reference: `Location/${whole}` } },
  });

  beforeAll(async () => {
    record = await TestRecord.open();
    await record.start();
    await record.write(
      ...[location('site'), location('wing', 'site'), location('ward', 'wing'), location('bed', 'ward')],
      ...[location('one', 'two'), location('two', 'one'), location('elsewhere')],
      { type: 'Procedure', id: 'p', content: { status: 'completed', location: { reference: 'Location/bed' } } },
    );
    await record.caughtUp();
  });

  afterAll(async () => {
    await record.close();
  });

  const below = (id: string, limit = 100) => storedHierarchy(record.records, 'Location', 'partof', id, 'below', limit);
  const above = (id: string) => storedHierarchy(record.records, 'Location', 'partof', id, 'above', 100);

  it('is followed down and up', async () => {
    expect(await below('wing')).toEqual(['wing', 'ward', 'bed']);
    expect(await above('ward')).toEqual(['ward', 'wing', 'site']);
    expect(await below('elsewhere')).toEqual(['elsewhere']);
  });

  it('ends where it closes in a circle, at its limit, and where there is nothing', async () => {
    expect(await below('one')).toEqual(['one', 'two']);
    expect(await below('site', 2)).toHaveLength(3);
    expect(await below('unknown')).toBeUndefined();
  });

  it('serves a search', async () => {
    const parsed = await parseSearch('Procedure', [['location:below', 'site']], {
      handling: 'strict',
      now: 0,
      terminology: { hierarchy: (type, param, id, way) => storedHierarchy(record.records, type, param, id, way, 100) },
    });
    const where = 'issues' in parsed ? undefined : parsed.where;
    expect(where).toBeDefined();
    const found = await record.records.query({ type: 'Procedure', limit: 10, where: where! });
    expect(found.documents.map(({ id }) => id)).toEqual(['p']);
  });
});
