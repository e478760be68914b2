export { startWireServer, type WireServer, type WireServerOptions } from './start-wire-server.ts';
export type { WireUser } from './access.ts';
