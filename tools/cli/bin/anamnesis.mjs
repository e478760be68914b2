#!/usr/bin/env node
import { fileURLToPath } from 'node:url';

// As `npm run anamnesis` starts it: the script first, then its arguments.
process.argv.splice(2, 0, fileURLToPath(new URL('../src/main.ts', import.meta.url)));
await import('../../run.mjs');
