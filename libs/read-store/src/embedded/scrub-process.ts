import { scrubPages } from './scrub-pages.ts';

/**
 * A process that scrubs one database file for its parent, who is the file's only writer and waits. Were the parent to
 * die, another writer might come: then this ends before it writes another byte.
 */
const parent = process.ppid;
scrubPages(process.argv[2]!, () => process.ppid === parent);
