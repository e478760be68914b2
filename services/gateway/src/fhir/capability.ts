import { storableTypes } from '@anamnesis/contracts';
import { searchParameters } from '@anamnesis/fhir/search';

/** The CapabilityStatement, made from the tables that requests are served by (R4 capabilitystatement.html). */
export function capabilityStatement(base: string, version: string, date: string): string {
  const interaction = (codes: readonly string[]) => codes.map((code) => ({ code }));
  const resource = [...storableTypes()].sort().map((type) => {
    const readOnly = type === 'AuditEvent';
    return {
      type,
      profile: `http://hl7.org/fhir/StructureDefinition/${type}`,
      interaction: interaction(
        readOnly
          ? ['read', 'search-type']
          : ['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'history-type', 'create', 'search-type'],
      ),
      ...(readOnly
        ? {}
        : {
            versioning: 'versioned',
            readHistory: true,
            updateCreate: true,
            conditionalCreate: true,
            conditionalRead: 'full-support',
            conditionalUpdate: true,
            conditionalDelete: 'single',
            referencePolicy: ['literal', 'logical', 'enforced', 'local'],
          }),
      searchInclude: ['*'],
      searchParam: [...searchParameters(type).values()].map(({ name, kind }) => ({ name, type: kind })),
      ...(type === 'Patient' && {
        operation: [
          { name: 'everything', definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything' },
          { name: 'diff', definition: `${base}/OperationDefinition/Patient-diff` },
        ],
      }),
    };
  });
  return JSON.stringify({
    resourceType: 'CapabilityStatement',
    status: 'active',
    date,
    kind: 'instance',
    software: { name: 'Anamnesis', version },
    implementation: { description: 'Anamnesis clinical record', url: base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json'],
    rest: [
      {
        mode: 'server',
        security: {
          cors: false,
          service: [
            {
              coding: [{ system: 'http://terminology.hl7.org/CodeSystem/restful-security-service', code: 'OAuth' }],
            },
          ],
        },
        resource,
        interaction: interaction(['transaction', 'batch', 'history-system']),
        operation: [{ name: 'validate', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate' }],
      },
    ],
  });
}
