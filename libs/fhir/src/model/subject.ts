import { parseReference } from './references.ts';
import { isResourceType, type ResourceType } from './resource-type.ts';

/**
 * For each R4 type, where the one person stands whose data a record is: the elements to look at, the first with a
 * reference to a Patient counts. `>` before an element: the record it refers to says whose data this is (the owner
 * of a Provenance is that of its target). Empty: the record is about no single patient.
 */
export const SUBJECT_ELEMENTS: Readonly<Record<ResourceType, string>> = {
  Account: 'subject',
  ActivityDefinition: '',
  AdverseEvent: 'subject',
  AllergyIntolerance: 'patient',
  Appointment: 'participant.actor',
  AppointmentResponse: 'actor >appointment',
  AuditEvent: 'entity.what agent.who',
  Basic: 'subject',
  Binary: 'securityContext >securityContext',
  BiologicallyDerivedProduct: 'collection.source',
  BodyStructure: 'patient',
  Bundle: 'entry.resource',
  CapabilityStatement: '',
  CarePlan: 'subject',
  CareTeam: 'subject',
  CatalogEntry: '',
  ChargeItem: 'subject',
  ChargeItemDefinition: '',
  Claim: 'patient',
  ClaimResponse: 'patient',
  ClinicalImpression: 'subject',
  CodeSystem: '',
  Communication: 'subject recipient sender',
  CommunicationRequest: 'subject recipient sender',
  CompartmentDefinition: '',
  Composition: 'subject',
  ConceptMap: '',
  Condition: 'subject',
  Consent: 'patient',
  Contract: 'subject',
  Coverage: 'beneficiary',
  CoverageEligibilityRequest: 'patient',
  CoverageEligibilityResponse: 'patient',
  DetectedIssue: 'patient',
  Device: 'patient',
  DeviceDefinition: '',
  DeviceMetric: '>source',
  DeviceRequest: 'subject',
  DeviceUseStatement: 'subject',
  DiagnosticReport: 'subject',
  DocumentManifest: 'subject',
  DocumentReference: 'subject',
  EffectEvidenceSynthesis: '',
  Encounter: 'subject',
  Endpoint: '',
  EnrollmentRequest: 'candidate',
  EnrollmentResponse: '>request',
  EpisodeOfCare: 'patient',
  EventDefinition: '',
  Evidence: '',
  EvidenceVariable: '',
  ExampleScenario: '',
  ExplanationOfBenefit: 'patient',
  FamilyMemberHistory: 'patient',
  Flag: 'subject',
  Goal: 'subject',
  GraphDefinition: '',
  Group: '',
  GuidanceResponse: 'subject',
  HealthcareService: '',
  ImagingStudy: 'subject',
  Immunization: 'patient',
  ImmunizationEvaluation: 'patient',
  ImmunizationRecommendation: 'patient',
  ImplementationGuide: '',
  InsurancePlan: '',
  Invoice: 'subject recipient',
  Library: '',
  Linkage: 'item.resource >item.resource',
  List: 'subject',
  Location: '',
  Measure: '',
  MeasureReport: 'subject',
  Media: 'subject',
  Medication: '',
  MedicationAdministration: 'subject',
  MedicationDispense: 'subject',
  MedicationKnowledge: '',
  MedicationRequest: 'subject',
  MedicationStatement: 'subject',
  MedicinalProduct: '',
  MedicinalProductAuthorization: '',
  MedicinalProductContraindication: '',
  MedicinalProductIndication: '',
  MedicinalProductIngredient: '',
  MedicinalProductInteraction: '',
  MedicinalProductManufactured: '',
  MedicinalProductPackaged: '',
  MedicinalProductPharmaceutical: '',
  MedicinalProductUndesirableEffect: '',
  MessageDefinition: '',
  MessageHeader: 'focus >focus',
  MolecularSequence: 'patient',
  NamingSystem: '',
  NutritionOrder: 'patient',
  Observation: 'subject',
  ObservationDefinition: '',
  OperationDefinition: '',
  OperationOutcome: '',
  Organization: '',
  OrganizationAffiliation: '',
  Parameters: 'parameter.resource',
  Patient: '',
  PaymentNotice: '>request >response',
  PaymentReconciliation: '',
  Person: 'link.target',
  PlanDefinition: '',
  Practitioner: '',
  PractitionerRole: '',
  Procedure: 'subject',
  Provenance: 'target >target',
  Questionnaire: '',
  QuestionnaireResponse: 'subject source',
  RelatedPerson: 'patient',
  RequestGroup: 'subject',
  ResearchDefinition: '',
  ResearchElementDefinition: '',
  ResearchStudy: '',
  ResearchSubject: 'individual',
  RiskAssessment: 'subject',
  RiskEvidenceSynthesis: '',
  Schedule: 'actor',
  SearchParameter: '',
  ServiceRequest: 'subject',
  Slot: '',
  Specimen: 'subject',
  SpecimenDefinition: '',
  StructureDefinition: '',
  StructureMap: '',
  Subscription: '',
  Substance: '',
  SubstanceNucleicAcid: '',
  SubstancePolymer: '',
  SubstanceProtein: '',
  SubstanceReferenceInformation: '',
  SubstanceSourceMaterial: '',
  SubstanceSpecification: '',
  SupplyDelivery: 'patient',
  SupplyRequest: 'deliverTo requester',
  Task: 'for focus >focus',
  TerminologyCapabilities: '',
  TestReport: '',
  TestScript: '',
  ValueSet: '',
  VerificationResult: 'target >target',
  VisionPrescription: 'patient',
};

export interface Subject {
  /** `Patient`; any other type names a record whose own subject is meant. */
  readonly type: string;
  readonly id: string;
}

/**
 * Whose data a resource is: its patient, or the record that leads to the patient. Undefined when it is nobody's, or
 * when the reference is no literal one (`urn:uuid:`, `#x`, conditional, by identifier alone): resolve these first.
 */
export function subjectOf(type: string, value: unknown): Subject | undefined {
  if (!isResourceType(type)) return undefined;
  if (type === 'Patient') {
    const id = (value as { id?: unknown } | null)?.id;
    return typeof id === 'string' ? { type, id } : undefined;
  }
  for (const path of SUBJECT_ELEMENTS[type].split(' ')) {
    if (path === '') continue;
    const leads = path.charAt(0) === '>';
    for (const found of collect(value, (leads ? path.slice(1) : path).split('.'))) {
      const subject = subjectIn(found);
      if (subject !== undefined && (leads || subject.type === 'Patient')) return subject;
    }
  }
  return undefined;
}

/** Reads a Reference, or the subject of a resource that stands within (an entry of a document). */
function subjectIn(found: unknown): Subject | undefined {
  const { reference, resourceType } = found as { reference?: unknown; resourceType?: unknown };
  if (typeof resourceType === 'string') return subjectOf(resourceType, found);
  const literal = typeof reference === 'string' ? parseReference(reference) : undefined;
  return literal === undefined ? undefined : { type: literal.type, id: literal.id };
}

function collect(value: unknown, path: readonly string[]): object[] {
  if (Array.isArray(value)) return value.flatMap((item) => collect(item, path));
  if (typeof value !== 'object' || value === null) return [];
  const [step, ...rest] = path;
  return step === undefined ? [value] : collect((value as Record<string, unknown>)[step], rest);
}
