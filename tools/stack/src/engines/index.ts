export { cacheFolder } from './cache.ts';
export { EngineError } from './engine-error.ts';
export { startKafka, type KafkaOptions, type RunningKafka } from './kafka.ts';
export { createRealm, startKeycloak, type KeycloakOptions, type RunningKeycloak } from './keycloak.ts';
export { startMongo, type MongoOptions, type RunningMongo } from './mongo.ts';
export { startOpenBao, type OpenBaoOptions, type RunningOpenBao } from './openbao.ts';
export { toStderr, type Log } from './log.ts';
export { NotReady } from '../processes/until-ready.ts';
export type { Faulty } from '../processes/restartable.ts';
