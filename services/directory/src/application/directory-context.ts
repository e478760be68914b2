import type { Journal } from '@anamnesis/journal';
import { RecordContext } from '@anamnesis/records';

/** The network itself: organisations, places, people who work there, and the definitions that they share. */
export const directoryContext = (journal: Journal): RecordContext => new RecordContext('directory', journal);
