import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { parseClusterConfig } from '../src/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'anamnesis-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the configuration of a service', () => {
  it('has a default wherever one makes sense', () => {
    const parsed = parseClusterConfig({});
    expect(parsed).toMatchObject({ ok: true, config: { host: '127.0.0.1', partitions: 4, transitKey: 'anamnesis' } });
  });

  it('reads the addresses of every instance of a service', () => {
    const parsed = parseClusterConfig({ ANAMNESIS_PATIENTS: 'http://10.0.0.1:80, http://10.0.0.2:80' });
    expect(parsed).toMatchObject({ ok: true, config: { patients: ['http://10.0.0.1:80', 'http://10.0.0.2:80'] } });
  });

  it('names every fault at once, and no value', () => {
    const parsed = parseClusterConfig(
      { ANAMNESIS_KAFKA: 'canary one', ANAMNESIS_CANARY: 'x', ANAMNESIS_MONGODB_FILE: join(folder, 'none') },
      ['eventStore', 'mongodb'],
    );
    if (parsed.ok) throw new Error('the faults were not seen');
    expect(parsed.faults.map(({ variable }) => variable).sort()).toEqual([
      'ANAMNESIS_CANARY',
      'ANAMNESIS_EVENT_STORE',
      'ANAMNESIS_KAFKA',
      'ANAMNESIS_MONGODB_FILE',
    ]);
    expect(JSON.stringify(parsed.faults)).not.toContain('canary one');
  });

  it('takes a secret from a file, and not from two places', () => {
    const path = join(folder, 'secret');
    writeFileSync(path, 'of the file\n');
    expect(parseClusterConfig({ ANAMNESIS_CLIENT_SECRET_FILE: path })).toMatchObject({
      ok: true,
      config: { clientSecret: 'of the file' },
    });
    const both = parseClusterConfig({ ANAMNESIS_CLIENT_SECRET_FILE: path, ANAMNESIS_CLIENT_SECRET: 'x' });
    expect(both).toMatchObject({ ok: false, faults: [{ variable: 'ANAMNESIS_CLIENT_SECRET_FILE' }] });
  });
});
