import { kafkaConnection, runService } from '@anamnesis/cluster';
import { contextOfStream, KafkaRelayBus } from '@anamnesis/event-bus/kafka';
import { Fault } from '@anamnesis/kernel';
import { observeLag } from '@anamnesis/service';
import { relayModule } from './relay.module.ts';
import { Relay } from './relay.ts';
import { TracedRelayBus } from './traced-relay-bus.ts';

await runService({
  service: 'relay',
  about: 'brings the log to the bus, in order and at least once; of several instances one has its turn.',
  needs: ['kafka'],
  compose: async (cluster) => {
    const { config, log, closing, health } = cluster;
    const reader = await cluster.store();
    const afterFencing = { firstMs: config.relayStandBy, longestMs: 12 * config.relayStandBy };
    const bus = KafkaRelayBus.open({ connection: kafkaConnection(config, cluster.instance, log), afterFencing });
    closing.add(() => bus.close());
    const relay = Relay.start({
      reader,
      bus: new TracedRelayBus(bus, (stream) => `anamnesis.${contextOfStream(stream)}`),
      onFailure: (error) => log.warn('the bus did not take what was sent', { error: codeOf(error) }),
    });
    closing.add(() => relay.stop());
    observeLag('relay', 'log', async () => (await relay.status()).lag);
    health.register('relay', async () => {
      const { state, failure } = await relay.status();
      return state === 'failing' ? { ready: false, reason: failure?.code ?? state } : { ready: true };
    });
    return { modules: [relayModule(relay)] };
  },
});

const codeOf = (error: unknown): unknown => (error instanceof Fault ? error : new Error('no fault of the world'));
