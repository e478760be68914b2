import type { DynamicModule } from '@nestjs/common';
import { PROJECTIONS, ProjectionsController } from './http/projections.controller.ts';
import { READ_MODELS, ReadModelsController, type ReadModels } from './http/read-models.controller.ts';
import type { ProjectionControl } from './projection-status.ts';

class ProjectionsModule {}

/**
 * Status and rebuild of the read models, and their answers to other services where these are in other processes.
 * Whoever started the projections stops them.
 */
export function projectionsModule(projections: ProjectionControl, models?: ReadModels): DynamicModule {
  return {
    module: ProjectionsModule,
    controllers: [ProjectionsController, ...(models ? [ReadModelsController] : [])],
    providers: [
      { provide: PROJECTIONS, useValue: projections },
      { provide: READ_MODELS, useValue: models ?? new Map() },
    ],
  };
}
