export { runReliability } from './run-reliability.ts';
