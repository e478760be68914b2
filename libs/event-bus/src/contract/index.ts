export { eventBusCases, eventBusContract, type EventBusCase, type OpenedEventBus } from './event-bus-contract.ts';
