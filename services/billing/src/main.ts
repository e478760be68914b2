import { decisionsModule, runService } from '@anamnesis/cluster';
import { billingContext } from './index.ts';

await runService({
  service: 'billing',
  about: 'what it costs.',
  needs: [],
  compose: async (cluster) => {
    const journal = await cluster.journal();
    return { modules: [decisionsModule({ context: billingContext(journal), journal })] };
  },
});
