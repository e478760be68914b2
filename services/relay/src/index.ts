export { Relay, type Published, type RelayOptions, type RelayState, type RelayStatus } from './relay.ts';
export { relayModule } from './relay.module.ts';
