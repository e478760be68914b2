/**
 * When a resource's fact was true: the R4 elements that say so, first one present wins.
 * A start alone means "from then on"; an interval ends at its end. Types that are not listed have no clinical time of
 * their own: theirs is when they were recorded.
 */
interface ClinicalTime {
  readonly start: readonly string[];
  readonly end?: readonly string[];
}

export const CLINICAL_TIME: Readonly<Record<string, ClinicalTime>> = {
  Account: { start: ['servicePeriod.start'], end: ['servicePeriod.end'] },
  AdverseEvent: { start: ['date', 'detected', 'recordedDate'] },
  AllergyIntolerance: { start: ['onsetDateTime', 'onsetPeriod.start', 'recordedDate'], end: ['onsetPeriod.end'] },
  Appointment: { start: ['start'], end: ['end'] },
  CarePlan: { start: ['period.start', 'created'], end: ['period.end'] },
  CareTeam: { start: ['period.start'], end: ['period.end'] },
  ChargeItem: {
    start: ['occurrenceDateTime', 'occurrencePeriod.start', 'enteredDate'],
    end: ['occurrencePeriod.end'],
  },
  Claim: { start: ['billablePeriod.start', 'created'], end: ['billablePeriod.end'] },
  ClinicalImpression: { start: ['effectiveDateTime', 'effectivePeriod.start', 'date'], end: ['effectivePeriod.end'] },
  Communication: { start: ['sent', 'received'] },
  Composition: { start: ['date'] },
  Condition: {
    start: ['onsetDateTime', 'onsetPeriod.start', 'recordedDate'],
    end: ['abatementDateTime', 'abatementPeriod.end', 'onsetPeriod.end'],
  },
  Consent: { start: ['provision.period.start', 'dateTime'], end: ['provision.period.end'] },
  Coverage: { start: ['period.start'], end: ['period.end'] },
  DeviceRequest: {
    start: ['occurrenceDateTime', 'occurrencePeriod.start', 'authoredOn'],
    end: ['occurrencePeriod.end'],
  },
  DeviceUseStatement: { start: ['timingDateTime', 'timingPeriod.start', 'recordedOn'], end: ['timingPeriod.end'] },
  DiagnosticReport: { start: ['effectiveDateTime', 'effectivePeriod.start', 'issued'], end: ['effectivePeriod.end'] },
  DocumentReference: { start: ['context.period.start', 'date'] },
  Encounter: { start: ['period.start'], end: ['period.end'] },
  EpisodeOfCare: { start: ['period.start'], end: ['period.end'] },
  ExplanationOfBenefit: { start: ['billablePeriod.start', 'created'], end: ['billablePeriod.end'] },
  FamilyMemberHistory: { start: ['date'] },
  Flag: { start: ['period.start'], end: ['period.end'] },
  Goal: { start: ['startDate'], end: ['target.0.dueDate'] },
  ImagingStudy: { start: ['started'] },
  Immunization: { start: ['occurrenceDateTime', 'recorded'] },
  Invoice: { start: ['date'] },
  Media: { start: ['createdDateTime', 'createdPeriod.start', 'issued'], end: ['createdPeriod.end'] },
  MedicationAdministration: { start: ['effectiveDateTime', 'effectivePeriod.start'], end: ['effectivePeriod.end'] },
  MedicationDispense: { start: ['whenHandedOver', 'whenPrepared'] },
  MedicationRequest: { start: ['authoredOn'], end: ['dispenseRequest.validityPeriod.end'] },
  MedicationStatement: {
    start: ['effectiveDateTime', 'effectivePeriod.start', 'dateAsserted'],
    end: ['effectivePeriod.end'],
  },
  NutritionOrder: { start: ['dateTime'] },
  Observation: {
    start: ['effectiveDateTime', 'effectivePeriod.start', 'effectiveInstant', 'issued'],
    end: ['effectivePeriod.end'],
  },
  Patient: { start: ['birthDate'] },
  PractitionerRole: { start: ['period.start'], end: ['period.end'] },
  Procedure: { start: ['performedDateTime', 'performedPeriod.start'], end: ['performedPeriod.end'] },
  Provenance: { start: ['occurredDateTime', 'occurredPeriod.start', 'recorded'], end: ['occurredPeriod.end'] },
  QuestionnaireResponse: { start: ['authored'] },
  RelatedPerson: { start: ['period.start'], end: ['period.end'] },
  RiskAssessment: { start: ['occurrenceDateTime', 'occurrencePeriod.start'], end: ['occurrencePeriod.end'] },
  ServiceRequest: {
    start: ['occurrenceDateTime', 'occurrencePeriod.start', 'authoredOn'],
    end: ['occurrencePeriod.end'],
  },
  Specimen: { start: ['collection.collectedDateTime', 'collection.collectedPeriod.start', 'receivedTime'] },
  SupplyDelivery: { start: ['occurrenceDateTime', 'occurrencePeriod.start'], end: ['occurrencePeriod.end'] },
  Task: { start: ['executionPeriod.start', 'authoredOn'], end: ['executionPeriod.end'] },
  VisionPrescription: { start: ['dateWritten'] },
};

type Json = Readonly<Record<string, unknown>>;

const compiled = new Map(
  Object.entries(CLINICAL_TIME).map(([type, { start, end }]) => [
    type,
    { start: start.map((path) => path.split('.')), end: (end ?? []).map((path) => path.split('.')) },
  ]),
);

/** The clinical interval as the resource's own text has it (R4 date or dateTime); both may be absent. */
export function clinicalTime(type: string, resource: Json): { start?: string; end?: string } {
  const paths = compiled.get(type);
  if (!paths) return {};
  const start = first(resource, paths.start);
  const end = first(resource, paths.end);
  return { ...(start !== undefined && { start }), ...(end !== undefined && { end }) };
}

function first(resource: Json, paths: readonly (readonly string[])[]): string | undefined {
  for (const path of paths) {
    let value: unknown = resource;
    for (const step of path) value = (value as Json | undefined)?.[step];
    if (typeof value === 'string') return value;
  }
  return undefined;
}
