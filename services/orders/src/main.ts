import { decisionsModule, runService } from '@anamnesis/cluster';
import { ordersContext } from './index.ts';

await runService({
  service: 'orders',
  about: 'what is asked for and fulfilled.',
  needs: [],
  compose: async (cluster) => {
    const journal = await cluster.journal();
    return { modules: [decisionsModule({ context: ordersContext(journal), journal })] };
  },
});
