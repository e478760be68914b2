import type { DataClass } from '@anamnesis/kernel';

/** The contexts that own FHIR resource types. */
export type ContextName = 'patients' | 'encounters' | 'orders' | 'billing' | 'audit' | 'directory';

/**
 * Every R4 resource type that can be stored, by the one context that owns it
 * (FHIR R4 4.0.1, http://hl7.org/fhir/R4/resourcelist.html).
 */
const TYPES: Readonly<Record<ContextName, string>> = {
  patients: `Patient Person RelatedPerson Group AllergyIntolerance Condition Immunization ImmunizationEvaluation
    ImmunizationRecommendation FamilyMemberHistory Consent CarePlan CareTeam Goal Flag RiskAssessment
    QuestionnaireResponse Questionnaire AdverseEvent DetectedIssue ResearchStudy ResearchSubject List Linkage Basic
    BodyStructure`,
  encounters: `Encounter EpisodeOfCare Appointment AppointmentResponse Schedule Slot Observation Procedure
    ClinicalImpression Composition DocumentReference DocumentManifest Communication Media DeviceUseStatement Binary
    Task`,
  orders: `ServiceRequest RequestGroup DiagnosticReport Specimen ImagingStudy MolecularSequence MedicationRequest
    MedicationDispense MedicationAdministration MedicationStatement Medication MedicationKnowledge NutritionOrder
    VisionPrescription DeviceRequest SupplyRequest SupplyDelivery CommunicationRequest GuidanceResponse Device
    DeviceDefinition DeviceMetric Substance BiologicallyDerivedProduct ObservationDefinition SpecimenDefinition
    ActivityDefinition PlanDefinition MedicinalProduct MedicinalProductAuthorization MedicinalProductContraindication
    MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction MedicinalProductManufactured
    MedicinalProductPackaged MedicinalProductPharmaceutical MedicinalProductUndesirableEffect SubstanceNucleicAcid
    SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SubstanceSpecification
    CatalogEntry`,
  billing: `Account ChargeItem ChargeItemDefinition Claim ClaimResponse Contract Coverage CoverageEligibilityRequest
    CoverageEligibilityResponse EnrollmentRequest EnrollmentResponse ExplanationOfBenefit InsurancePlan Invoice
    PaymentNotice PaymentReconciliation`,
  audit: `AuditEvent Provenance`,
  directory: `Organization OrganizationAffiliation Location Practitioner PractitionerRole HealthcareService Endpoint
    CapabilityStatement CodeSystem CompartmentDefinition ConceptMap ValueSet NamingSystem StructureDefinition
    StructureMap SearchParameter OperationDefinition ImplementationGuide MessageDefinition MessageHeader
    GraphDefinition ExampleScenario EventDefinition Evidence EvidenceVariable EffectEvidenceSynthesis
    RiskEvidenceSynthesis ResearchDefinition ResearchElementDefinition Library Measure MeasureReport Subscription
    TerminologyCapabilities TestReport TestScript VerificationResult`,
};

/** Types that carry an answer or a message and are never stored. */
export const TRANSIENT_TYPES: ReadonlySet<string> = new Set(['Bundle', 'Parameters', 'OperationOutcome']);

export interface Ownership {
  readonly context: ContextName;
  /** The stream's kind: the type's kebab-case name. */
  readonly kind: string;
  readonly dataClass: DataClass;
}

const kebab = (type: string): string => type.replace(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();

const OWNERS: ReadonlyMap<string, Ownership> = new Map(
  (Object.entries(TYPES) as [ContextName, string][]).flatMap(([context, types]) =>
    types
      .split(/\s+/)
      .map((type): [string, Ownership] => [
        type,
        { context, kind: kebab(type), dataClass: context === 'billing' ? 'financial' : 'clinical' },
      ]),
  ),
);

const BY_KIND: ReadonlyMap<string, string> = new Map([...OWNERS].map(([type, { kind }]) => [kind, type]));

/** Who owns a resource type; undefined when it is no storable R4 type. */
export const ownerOf = (type: string): Ownership | undefined => OWNERS.get(type);

/** The resource type whose streams are of this kind. */
export const typeOfKind = (kind: string): string | undefined => BY_KIND.get(kind);

/** Every resource type that can be stored. */
export const storableTypes = (): readonly string[] => [...OWNERS.keys()];

/** The kind of a stream: what stands before its UUID. */
export const kindOf = (stream: string): string => stream.slice(0, -37);
