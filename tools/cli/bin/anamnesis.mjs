#!/usr/bin/env node
/** `npx anamnesis`: the command line on the Node that this repository pins, whatever Node the system has. */
import { fileURLToPath } from 'node:url';
import { runOnPinnedNode } from '../../node.mjs';

runOnPinnedNode([fileURLToPath(new URL('../src/main.ts', import.meta.url)), ...process.argv.slice(2)]);
