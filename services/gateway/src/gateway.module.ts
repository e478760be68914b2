import type { DynamicModule } from '@nestjs/common';
import type { FhirDependencies } from './fhir/dependencies.ts';
import { FhirServer, type FhirServerOptions } from './fhir/fhir-server.ts';
import { BASE_URL, FhirController, type BaseUrl } from './http/fhir.controller.ts';

class GatewayModule {}

/** The front door over what is given: FHIR R4 REST at /fhir. */
export function gatewayModule(
  dependencies: FhirDependencies,
  options: FhirServerOptions,
  baseUrl: BaseUrl,
): DynamicModule {
  return {
    module: GatewayModule,
    controllers: [FhirController],
    providers: [
      { provide: FhirServer, useValue: new FhirServer(dependencies, options) },
      { provide: BASE_URL, useValue: baseUrl },
    ],
  };
}
