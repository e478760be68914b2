import type { DynamicModule } from '@nestjs/common';
import { PROJECTIONS, ProjectionsController } from './http/projections.controller.ts';
import { DEAD_LETTERS, DeadLettersController, type DeadLetters } from './http/dead-letters.controller.ts';
import { READ_MODELS, ReadModelsController, type ReadModels } from './http/read-models.controller.ts';
import type { ProjectionControl } from './projection-status.ts';

class ProjectionsModule {}

/**
 * Status and rebuild of the read models. Where the other services are in processes of their own (`others`) it answers
 * these, and shows what the bus set aside.
 * Whoever started the projections stops them.
 */
export function projectionsModule(
  projections: ProjectionControl,
  others?: { readonly models: ReadModels; readonly letters: DeadLetters },
): DynamicModule {
  return {
    module: ProjectionsModule,
    controllers: [ProjectionsController, ...(others ? [ReadModelsController, DeadLettersController] : [])],
    providers: [
      { provide: PROJECTIONS, useValue: projections },
      { provide: READ_MODELS, useValue: others?.models },
      { provide: DEAD_LETTERS, useValue: others?.letters },
    ],
  };
}
