import { billingContext } from '@anamnesis/billing-service';
import type { ContextName } from '@anamnesis/contracts';
import { directoryContext } from '@anamnesis/directory-service';
import { encountersContext } from '@anamnesis/encounters-service';
import type { Journal } from '@anamnesis/journal';
import { ordersContext } from '@anamnesis/orders-service';
import { PatientsContext } from '@anamnesis/patients-service';
import { RecordContext, type Context } from '@anamnesis/records';

/** Every context, by the name under which resource types name their owner. */
export type Contexts = Readonly<Record<ContextName, Context>> & { readonly patients: PatientsContext };

export const contextsOver = (journal: Journal): Contexts => ({
  patients: new PatientsContext(journal),
  encounters: encountersContext(journal),
  orders: ordersContext(journal),
  billing: billingContext(journal),
  directory: directoryContext(journal),
  // Provenance is stated by clients; AuditEvents are made from the log, and the gateway takes none.
  audit: new RecordContext('audit', journal),
});
