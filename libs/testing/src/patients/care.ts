import type {
  AllergyIntolerance,
  CarePlan,
  Claim,
  Condition,
  Immunization,
  MedicationRequest,
  Procedure,
  Reference,
} from 'fhir/r4.js';
import { ALLERGIES, CARE_PLANS, CONDITIONS, MEDICATIONS, PROCEDURES, SYSTEM, VACCINES } from './catalogue.ts';
import { coded, concept } from './concepts.ts';
import type { Scene } from './scene.ts';

/** An active condition, or one that has passed; the status must fit (R4 Condition, con-4). */
export function addCondition(scene: Scene): Reference {
  const passed = scene.draw.chance(0.5);
  const code = scene.draw.pickRanked(CONDITIONS, 4);
  const condition: Condition = {
    resourceType: 'Condition',
    clinicalStatus: coded(SYSTEM.conditionClinical, passed ? 'resolved' : 'active'),
    verificationStatus: coded(SYSTEM.conditionVerification, 'confirmed'),
    category: [coded(SYSTEM.conditionCategory, 'encounter-diagnosis')],
    code: concept(SYSTEM.snomed, code),
    subject: scene.patient,
    encounter: scene.encounter,
    onsetDateTime: scene.at(0),
    ...(passed ? { abatementDateTime: scene.at(14 * 24 * 60) } : {}),
    recordedDate: scene.at(25),
  };
  return scene.entries.add(condition, code[1]);
}

export function addMedication(scene: Scene, reason: Reference): void {
  const request: MedicationRequest = {
    resourceType: 'MedicationRequest',
    status: scene.draw.pick(['active', 'completed', 'stopped']),
    intent: 'order',
    medicationCodeableConcept: concept(SYSTEM.rxnorm, scene.draw.pick(MEDICATIONS)),
    subject: scene.patient,
    encounter: scene.encounter,
    authoredOn: scene.at(30),
    requester: scene.providers.practitioner,
    reasonReference: [reason],
    dosageInstruction: [
      {
        sequence: 1,
        timing: { repeat: { frequency: scene.draw.whole(1, 3), period: 1, periodUnit: 'd' } },
        asNeededBoolean: scene.draw.chance(0.2),
        doseAndRate: [{ doseQuantity: { value: 1, unit: 'tablet' } }],
      },
    ],
  };
  scene.entries.add(request);
}

export function addProcedure(scene: Scene): Reference {
  const code = scene.draw.pick(PROCEDURES);
  const procedure: Procedure = {
    resourceType: 'Procedure',
    status: 'completed',
    code: concept(SYSTEM.snomed, code),
    subject: scene.patient,
    encounter: scene.encounter,
    performedPeriod: { start: scene.at(30), end: scene.at(50) },
    performer: [{ actor: scene.providers.practitioner }],
  };
  return scene.entries.add(procedure, code[1]);
}

export function addImmunization(scene: Scene): void {
  const immunization: Immunization = {
    resourceType: 'Immunization',
    status: 'completed',
    vaccineCode: concept(SYSTEM.cvx, scene.draw.pick(VACCINES)),
    patient: scene.patient,
    encounter: scene.encounter,
    occurrenceDateTime: scene.at(35),
    primarySource: true,
    lotNumber: `L${scene.draw.digits(6)}`,
    location: scene.providers.location,
  };
  scene.entries.add(immunization);
}

export function addAllergy(scene: Scene): void {
  const allergy: AllergyIntolerance = {
    resourceType: 'AllergyIntolerance',
    clinicalStatus: coded(SYSTEM.allergyClinical, 'active'),
    verificationStatus: coded(SYSTEM.allergyVerification, 'confirmed'),
    type: 'allergy',
    criticality: scene.draw.pick(['low', 'high', 'unable-to-assess']),
    code: concept(SYSTEM.snomed, scene.draw.pick(ALLERGIES)),
    patient: scene.patient,
    recordedDate: scene.at(20),
    recorder: scene.providers.practitioner,
  };
  scene.entries.add(allergy);
}

export function addCarePlan(scene: Scene, addresses: Reference): void {
  const plan: CarePlan = {
    resourceType: 'CarePlan',
    status: 'active',
    intent: 'plan',
    category: [concept(SYSTEM.snomed, scene.draw.pick(CARE_PLANS))],
    subject: scene.patient,
    encounter: scene.encounter,
    period: { start: scene.at(40) },
    created: scene.at(40),
    author: scene.providers.practitioner,
    addresses: [addresses],
    activity: [{ detail: { status: 'in-progress', description: 'As agreed with the patient at the visit' } }],
  };
  scene.entries.add(plan);
}

/** The visit's bill, in whole cents; FHIR Claim with no licensed code. */
export function addClaim(scene: Scene, diagnosis: Reference | undefined): void {
  const net = { value: scene.draw.decimal(60, 900, 2), currency: 'USD' };
  const claim: Claim = {
    resourceType: 'Claim',
    status: 'active',
    type: coded(SYSTEM.claimType, 'institutional'),
    use: 'claim',
    patient: scene.patient,
    billablePeriod: { start: scene.at(0), end: scene.at(60) },
    created: scene.at(120),
    provider: scene.providers.organisation,
    priority: coded(SYSTEM.priority, 'normal'),
    insurance: [{ sequence: 1, focal: true, coverage: scene.coverage }],
    ...(diagnosis === undefined ? {} : { diagnosis: [{ sequence: 1, diagnosisReference: diagnosis }] }),
    item: [
      {
        sequence: 1,
        productOrService: { text: 'Visit with examination' },
        encounter: [scene.encounter],
        net,
      },
    ],
    total: net,
  };
  scene.entries.add(claim);
}
