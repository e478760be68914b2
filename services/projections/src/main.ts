import { runService } from '@anamnesis/cluster';
import { RECORDS } from '@anamnesis/contracts';
import { SealedJournalReader } from '@anamnesis/journal';
import { openMongoReadStore } from '@anamnesis/read-store/mongo';
import { observeProjectionLag } from '@anamnesis/service';
import { BusProjections } from './bus-projections.ts';
import { projectionsModule } from './projections.module.ts';

await runService({
  service: 'projections',
  about: 'read models: kept up from the bus, searched, rebuilt from the log.',
  needs: ['kafka'],
  compose: async (cluster) => {
    const { config, closing, health } = cluster;
    const [store, vault, bus] = [await cluster.store(), await cluster.vault(), await cluster.bus()];
    const reads = openMongoReadStore({ url: config.mongodb! });
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
    observeProjectionLag(RECORDS, lagOf(projections));
    return { modules: [projectionsModule(projections, new Map([[RECORDS, records]]))] };
  },
});

/** The lag as it was found when it was last asked for: instruments are read at once, the status takes a moment. */
function lagOf(projections: BusProjections): () => number {
  let last = 0;
  return () => {
    void projections.status().then(
      ({ lag }) => (last = lag),
      () => undefined,
    );
    return last;
  };
}
