import type { Journal } from '@anamnesis/journal';
import { RecordContext, type RecordRules } from '@anamnesis/records';

const statusIn = (...kept: string[]): RecordRules => ({
  deletable: (current) => !kept.includes(String(current['status'])),
});

/** What is asked for and fulfilled. A final result and a given dose are never deleted. */
export const ordersContext = (journal: Journal): RecordContext =>
  new RecordContext('orders', journal, {
    DiagnosticReport: statusIn('final', 'amended', 'corrected', 'appended'),
    MedicationAdministration: statusIn('completed', 'in-progress', 'stopped'),
    MedicationDispense: statusIn('completed'),
  });
