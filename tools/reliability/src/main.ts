import { runReliability } from './run-reliability.ts';

process.exitCode = await runReliability(process.argv.slice(2), process);
