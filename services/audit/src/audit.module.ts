import type { DynamicModule } from '@nestjs/common';
import { AccessRecorder } from '@anamnesis/access';
import { AuditQuestions } from './application/audit-questions.ts';
import { AuditTrail } from './application/audit-trail.ts';
import { AuditTree } from './audit-tree.ts';
import { AuditQuestionsController } from './http/audit-questions.controller.ts';
import { AuditController } from './http/audit.controller.ts';
import { TrailController } from './http/trail.controller.ts';

class AuditModule {}

/** What the audit service serves beside the FHIR endpoint: checkpoints, proofs, and the trail. */
export function auditModule(parts: {
  readonly tree: AuditTree;
  readonly trail: AuditTrail;
  readonly recorder: AccessRecorder;
  readonly questions: AuditQuestions;
  /** Whether services in other processes ask, too. */
  readonly forOthers?: boolean;
}): DynamicModule {
  return {
    module: AuditModule,
    controllers: [AuditController, TrailController, ...(parts.forOthers ? [AuditQuestionsController] : [])],
    providers: [
      { provide: AuditTree, useValue: parts.tree },
      { provide: AuditTrail, useValue: parts.trail },
      { provide: AccessRecorder, useValue: parts.recorder },
      { provide: AuditQuestions, useValue: parts.questions },
    ],
    exports: [AuditTree],
  };
}
