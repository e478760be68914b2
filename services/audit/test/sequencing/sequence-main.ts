/** Sequences the folder named on the command line until it is killed. */
import { AuditTree } from '../../src/audit-tree.ts';

await AuditTree.open({ folder: process.argv[2] as string, checkpointEveryEvents: 500, pauseMs: 1 });
process.stdout.write('begun\n');
