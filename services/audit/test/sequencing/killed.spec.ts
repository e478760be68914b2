import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { AuditTree } from '../../src/audit-tree.ts';
import { openSigner } from '../../src/checkpoint/index.ts';
import { verifyFolder } from '../../src/verify/index.ts';
import { folderWithLog, temporaryFolder, uuidOf } from '../audit-folder.ts';

const EVENTS = 6_000;
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(async () => {
  folder = temporaryFolder();
  await folderWithLog(folder.path, EVENTS);
  await (await EmbeddedKeyVault.open({ folder: folder.path })).close();
});
afterEach(() => folder.remove());

/** A process of its own that sequences the folder, and says so when it has begun. */
async function sequencer(): Promise<ReturnType<typeof spawn>> {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const loader = join(here, '../../../../tools/typescript.mjs');
  const child = spawn(process.execPath, ['--import', loader, join(here, 'sequence-main.ts'), folder.path]);
  await once(child.stdout, 'data');
  return child;
}

describe('a sequencer that is killed', () => {
  it('goes on exactly where it was, whenever that happens', async () => {
    for (const waitMs of [0, 5, 15, 30, 60]) {
      const child = await sequencer();
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    }
    const tree = await AuditTree.open({ folder: folder.path });
    await tree.waitFor(EVENTS, 20_000, { disclosures: true });
    const checkpoint = await tree.checkpoint();
    const patients = Array.from({ length: 10 }, (_, at) => uuidOf(`patient ${at}`));
    expect(tree.positionsOf(patients)).toEqual(Array.from({ length: EVENTS }, (_, at) => at + 1));
    expect(tree.index.entry(EVENTS - 1).position).toBe(EVENTS);
    await tree.close();
    const publicKey = openSigner(join(folder.path, 'audit')).verifier.line;
    const result = await verifyFolder({ folder: folder.path, checkpoint, publicKey });
    expect(result).toMatchObject({ status: 'verified', covered: EVENTS, findings: [] });
    expect(await verifyFolder({ folder: folder.path })).toMatchObject({ status: 'self-consistent', findings: [] });
  });
});
