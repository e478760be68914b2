import type { BundleEntry, FhirResource, Reference } from 'fhir/r4.js';
import type { Draw } from './draw.ts';
import { narrated } from './narrative.ts';

/** A transaction's entries as they come to be: each resource gets a `urn:uuid` by which later ones refer to it. */
export interface Entries {
  readonly made: BundleEntry[];
  /** Adds a create of the resource; the reference holds within the transaction (R4 http section 3.1.0.11.2). */
  add(resource: FhirResource, display?: string): Reference;
}

/** Entries whose resources are brought to about `bytes` of JSON each. */
export function entriesOf(bytes: number, draw: Draw): Entries {
  const made: BundleEntry[] = [];
  return {
    made,
    add: (resource, display) => {
      const fullUrl = `urn:uuid:${draw.uuid()}`;
      made.push({
        fullUrl,
        resource: narrated(resource as never, bytes, draw) as FhirResource,
        request: { method: 'POST', url: resource.resourceType },
      });
      return { reference: fullUrl, ...(display === undefined ? {} : { display }) };
    },
  };
}
