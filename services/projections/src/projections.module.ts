import type { DynamicModule } from '@nestjs/common';
import { ProjectionsController } from './http/projections.controller.ts';
import { Projections } from './projections.ts';

class ProjectionsModule {}

/** Status and rebuild of the read models. Whoever started the projections stops them. */
export function projectionsModule(projections: Projections): DynamicModule {
  return {
    module: ProjectionsModule,
    controllers: [ProjectionsController],
    providers: [{ provide: Projections, useValue: projections }],
  };
}
