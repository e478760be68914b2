import { decisionsModule, RemoteAudit, RemoteReadModel, runService } from '@anamnesis/cluster';
import { RECORDS } from '@anamnesis/contracts';
import { ErasureLedger } from '@anamnesis/key-vault';
import type { Instant } from '@anamnesis/kernel';
import { Erasures } from './application/erasures.ts';
import { PatientsContext } from './application/patients-context.ts';
import { patientsModule } from './patients.module.ts';

const SYSTEM = { actor: { id: 'system', role: 'operator', purpose: 'HOPERAT' }, correlation: 'start' } as const;

await runService({
  service: 'patients',
  about: 'who patients are; legal holds and erasure.',
  needs: ['audit', 'projections'],
  compose: async (cluster) => {
    const { config } = cluster;
    const [store, vault, journal] = [await cluster.store(), await cluster.vault(), await cluster.journal()];
    const audit = new RemoteAudit(await cluster.peer('audit'));
    const ledger = config.erasures === undefined ? undefined : await ErasureLedger.open({ path: config.erasures });
    // Before anything is read: what a restored older database brought back is destroyed again.
    await ledger?.apply(vault);
    const { retentionClinicalYears: clinical, retentionFinancialYears: financial } = config;
    const context = new PatientsContext(journal);
    const clock = (): Instant => Date.now();
    const records = new RemoteReadModel(RECORDS, await cluster.peer('projections'));
    const erasures = new Erasures({
      journal,
      vault,
      ledger,
      retention: { ...(clinical !== undefined && { clinical }), ...(financial !== undefined && { financial }) },
      clock,
      records,
      lastRecordedAt: async (subjects) => {
        const last = (await audit.positionsOf(subjects, await store.head())).at(-1);
        return last === undefined ? undefined : (await store.readPositions([last]))[0]?.recordedAt;
      },
    });
    await erasures.resume(SYSTEM);
    return { modules: [patientsModule({ context, erasures, journal, clock }), decisionsModule({ context, journal })] };
  },
});
