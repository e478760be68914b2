import { decisionsModule, runService } from '@anamnesis/cluster';
import { directoryContext } from './index.ts';

await runService({
  service: 'directory',
  about: 'the network itself: organisations, places, practitioners.',
  needs: [],
  compose: async (cluster) => {
    const journal = await cluster.journal();
    return { modules: [decisionsModule({ context: directoryContext(journal), journal })] };
  },
});
