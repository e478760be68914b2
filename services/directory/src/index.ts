export { directoryContext } from './application/directory-context.ts';
