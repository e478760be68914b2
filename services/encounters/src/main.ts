import { decisionsModule, runService } from '@anamnesis/cluster';
import { encountersContext } from './index.ts';

await runService({
  service: 'encounters',
  about: 'what happens at visits.',
  needs: [],
  compose: async (cluster) => {
    const journal = await cluster.journal();
    return { modules: [decisionsModule({ context: encountersContext(journal), journal })] };
  },
});
