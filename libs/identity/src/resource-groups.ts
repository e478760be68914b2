/**
 * Every FHIR R4 resource type in the one group that the permission matrix knows it by. The test compares this table
 * with the R4 definitions: none is missing, none is invented, none stands twice.
 */
export const RESOURCE_GROUPS = {
  demographics: ['Patient', 'Person', 'RelatedPerson'],
  scheduling: ['Appointment', 'AppointmentResponse', 'Schedule', 'Slot'],
  visits: ['Encounter', 'EpisodeOfCare'],
  coverage: [
    'Coverage',
    'CoverageEligibilityRequest',
    'CoverageEligibilityResponse',
    'EnrollmentRequest',
    'EnrollmentResponse',
  ],
  consents: ['Consent'],
  /** Apart from the rest of the chart because a claim is coded from them. */
  diagnoses: ['Condition', 'Procedure'],
  clinical: [
    'AdverseEvent',
    'AllergyIntolerance',
    'BodyStructure',
    'CarePlan',
    'CareTeam',
    'ClinicalImpression',
    'DetectedIssue',
    'FamilyMemberHistory',
    'Flag',
    'Goal',
    'GuidanceResponse',
    'Immunization',
    'ImmunizationEvaluation',
    'ImmunizationRecommendation',
    'NutritionOrder',
    'RiskAssessment',
    'VisionPrescription',
  ],
  observations: ['MolecularSequence', 'Observation'],
  /** Narrative, and what may hold a document. */
  notes: [
    'Binary',
    'Communication',
    'Composition',
    'DocumentManifest',
    'DocumentReference',
    'Media',
    'QuestionnaireResponse',
  ],
  orders: [
    'CommunicationRequest',
    'DeviceRequest',
    'RequestGroup',
    'ServiceRequest',
    'SupplyDelivery',
    'SupplyRequest',
    'Task',
  ],
  diagnostics: ['BiologicallyDerivedProduct', 'DiagnosticReport', 'ImagingStudy', 'Specimen'],
  prescriptions: ['MedicationRequest'],
  dispenses: ['MedicationDispense'],
  administrations: ['MedicationAdministration', 'MedicationStatement'],
  devices: ['Device', 'DeviceMetric', 'DeviceUseStatement'],
  billing: [
    'Account',
    'ChargeItem',
    'Claim',
    'ClaimResponse',
    'Contract',
    'ExplanationOfBenefit',
    'Invoice',
    'PaymentNotice',
    'PaymentReconciliation',
  ],
  audit: ['AuditEvent'],
  provenance: ['Provenance', 'VerificationResult'],
  research: ['ResearchStudy', 'ResearchSubject'],
  /** May hold anything of anybody, so as guarded as the chart. */
  unclassified: [
    'Basic',
    'Bundle',
    'Group',
    'Linkage',
    'List',
    'MeasureReport',
    'MessageHeader',
    'OperationOutcome',
    'Parameters',
    'Subscription',
  ],
  /** The network itself; no patient data. */
  directory: [
    'Endpoint',
    'HealthcareService',
    'Location',
    'Organization',
    'OrganizationAffiliation',
    'Practitioner',
    'PractitionerRole',
  ],
  /** What medicines are; no patient data. */
  formulary: ['Medication', 'MedicationKnowledge', 'Substance'],
  /** Definitions and terminology; no patient data. */
  knowledge: [
    'ActivityDefinition',
    'CapabilityStatement',
    'CatalogEntry',
    'ChargeItemDefinition',
    'CodeSystem',
    'CompartmentDefinition',
    'ConceptMap',
    'DeviceDefinition',
    'EffectEvidenceSynthesis',
    'EventDefinition',
    'Evidence',
    'EvidenceVariable',
    'ExampleScenario',
    'GraphDefinition',
    'ImplementationGuide',
    'InsurancePlan',
    'Library',
    'Measure',
    'MedicinalProduct',
    'MedicinalProductAuthorization',
    'MedicinalProductContraindication',
    'MedicinalProductIndication',
    'MedicinalProductIngredient',
    'MedicinalProductInteraction',
    'MedicinalProductManufactured',
    'MedicinalProductPackaged',
    'MedicinalProductPharmaceutical',
    'MedicinalProductUndesirableEffect',
    'MessageDefinition',
    'NamingSystem',
    'ObservationDefinition',
    'OperationDefinition',
    'PlanDefinition',
    'Questionnaire',
    'ResearchDefinition',
    'ResearchElementDefinition',
    'RiskEvidenceSynthesis',
    'SearchParameter',
    'SpecimenDefinition',
    'StructureDefinition',
    'StructureMap',
    'SubstanceNucleicAcid',
    'SubstancePolymer',
    'SubstanceProtein',
    'SubstanceReferenceInformation',
    'SubstanceSourceMaterial',
    'SubstanceSpecification',
    'TerminologyCapabilities',
    'TestReport',
    'TestScript',
    'ValueSet',
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type ResourceGroup = keyof typeof RESOURCE_GROUPS;

const GROUP_BY_TYPE: ReadonlyMap<string, ResourceGroup> = new Map(
  Object.entries(RESOURCE_GROUPS).flatMap(([group, types]) =>
    types.map((type) => [type, group as ResourceGroup] as const),
  ),
);

/** The group of a resource type; undefined for what is no R4 type. */
export function groupOf(type: string): ResourceGroup | undefined {
  return GROUP_BY_TYPE.get(type);
}

/** Groups without patient data: the purpose of use does not matter there. */
export const IMPERSONAL_GROUPS: ReadonlySet<ResourceGroup> = new Set(['directory', 'formulary', 'knowledge']);
