import type { DynamicModule } from '@nestjs/common';
import { AccessRecorder } from './application/access-recorder.ts';
import { AuditTrail } from './application/audit-trail.ts';
import { AuditTree } from './audit-tree.ts';
import { AuditController } from './http/audit.controller.ts';
import { TRAIL_ACCESS, TrailController, type TrailAccess } from './http/trail.controller.ts';

class AuditModule {}

/** What the audit service serves beside the FHIR endpoint: checkpoints, proofs, and the trail. */
export function auditModule(parts: {
  readonly tree: AuditTree;
  readonly trail: AuditTrail;
  readonly recorder: AccessRecorder;
  readonly access: TrailAccess;
}): DynamicModule {
  return {
    module: AuditModule,
    controllers: [AuditController, TrailController],
    providers: [
      { provide: AuditTree, useValue: parts.tree },
      { provide: AuditTrail, useValue: parts.trail },
      { provide: AccessRecorder, useValue: parts.recorder },
      { provide: TRAIL_ACCESS, useValue: parts.access },
    ],
    exports: [AuditTree],
  };
}
