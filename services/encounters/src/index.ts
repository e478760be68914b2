export { encountersContext } from './application/encounters-context.ts';
