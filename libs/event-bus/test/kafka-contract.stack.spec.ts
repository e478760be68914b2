import { eventBusContract, type OpenedEventBus } from '@anamnesis/event-bus/contract';
import { openKafka, openStore, pump } from './open-kafka.ts';

eventBusContract('the Kafka adapter', async (): Promise<OpenedEventBus> => {
  const kafka = await openKafka();
  const { store, cleanup } = await openStore();
  const relaying = await pump(kafka.relayBus(), store);
  let bus = kafka.bus();
  return {
    store,
    bus,
    async reopen() {
      await bus.close();
      return (bus = kafka.bus());
    },
    async cleanup() {
      await relaying.stop();
      await kafka.cleanup();
      await cleanup();
    },
  };
});
