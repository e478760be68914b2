import type { Journal } from '@anamnesis/journal';
import { RecordContext } from '@anamnesis/records';

/** What it costs. */
export const billingContext = (journal: Journal): RecordContext => new RecordContext('billing', journal);
