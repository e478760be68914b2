import { runService } from '@anamnesis/cluster';
import { RECORDS } from '@anamnesis/contracts';
import { lagAfter } from '@anamnesis/event-store';
import { SealedJournalReader } from '@anamnesis/journal';
import { openMongoReadStore } from '@anamnesis/read-store/mongo';
import { observeLag } from '@anamnesis/service';
import { BusProjections } from './bus-projections.ts';
import { projectionsModule } from './projections.module.ts';

await runService({
  service: 'projections',
  about: 'read models: kept up from the bus, searched, rebuilt from the log.',
  needs: ['kafka'],
  compose: async (cluster) => {
    const { config, closing, health } = cluster;
    const [store, vault, bus] = [await cluster.store(), await cluster.vault(), await cluster.bus()];
    // A rebuild that is behind its lanes loads on and tries again: to wait longer for them brings it no nearer.
    const options = { queryBudgetMs: config.queryBudget, swapTimeoutMs: 2_000 };
    const reads = openMongoReadStore({ url: config.mongodb!, ...options });
    closing.add(() => reads.close());
    await reads.lanes(RECORDS, await bus.lanes());
    const records = await reads.reader(RECORDS);
    closing.add(() => records.close());
    const projections = await BusProjections.start({
      bus,
      reads,
      records,
      log: store,
      opener: new SealedJournalReader(store, vault),
      ownBases: config.publicUrl === undefined ? [] : [`${config.publicUrl}/fhir`],
    });
    closing.add(() => projections.stop());
    health.register('search-index', () => {
      const { state, reason } = projections.state;
      if (state === 'following') return { ready: true };
      return { ready: false, reason: reason === undefined ? state : `${state} (${reason})` };
    });
    observeLag('projection', RECORDS, async () => lagAfter(store, await records.progress(), Date.now()));
    return { modules: [projectionsModule(projections, { models: new Map([[RECORDS, records]]), letters: bus })] };
  },
});
