import type { DynamicModule } from '@nestjs/common';
import type { Journal } from '@anamnesis/journal';
import type { Instant } from '@anamnesis/kernel';
import { Erasures } from './application/erasures.ts';
import { PatientsContext } from './application/patients-context.ts';
import { ComplianceController } from './http/compliance.controller.ts';
import { MERGE_CLOCK, MERGE_JOURNAL, MergeController } from './http/merge.controller.ts';

class PatientsModule {}

/** What the patients service serves beside the FHIR endpoint: merging, legal holds, erasure. */
export function patientsModule(parts: {
  readonly context: PatientsContext;
  readonly erasures: Erasures;
  readonly journal: Journal;
  readonly clock: () => Instant;
}): DynamicModule {
  return {
    module: PatientsModule,
    controllers: [ComplianceController, MergeController],
    providers: [
      { provide: PatientsContext, useValue: parts.context },
      { provide: Erasures, useValue: parts.erasures },
      { provide: MERGE_JOURNAL, useValue: parts.journal },
      { provide: MERGE_CLOCK, useValue: parts.clock },
    ],
  };
}
