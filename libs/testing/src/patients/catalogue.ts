/** The codes that synthetic charts are made from. Displays are short; no licensed text is carried. */

export const SYSTEM = {
  loinc: 'http://loinc.org',
  snomed: 'http://snomed.info/sct',
  rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm',
  cvx: 'http://hl7.org/fhir/sid/cvx',
  ucum: 'http://unitsofmeasure.org',
  actCode: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  identifierType: 'http://terminology.hl7.org/CodeSystem/v2-0203',
  observationCategory: 'http://terminology.hl7.org/CodeSystem/observation-category',
  interpretation: 'http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation',
  conditionClinical: 'http://terminology.hl7.org/CodeSystem/condition-clinical',
  conditionVerification: 'http://terminology.hl7.org/CodeSystem/condition-ver-status',
  conditionCategory: 'http://terminology.hl7.org/CodeSystem/condition-category',
  allergyClinical: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
  allergyVerification: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-verification',
  diagnosticService: 'http://terminology.hl7.org/CodeSystem/v2-0074',
  claimType: 'http://terminology.hl7.org/CodeSystem/claim-type',
  priority: 'http://terminology.hl7.org/CodeSystem/processpriority',
  medicalRecord: 'https://record.example.org/mrn',
  nationalProvider: 'http://hl7.org/fhir/sid/us-npi',
  socialSecurity: 'http://hl7.org/fhir/sid/us-ssn',
} as const;

export type Coded = readonly [code: string, display: string];

/** A measured quantity: what it is, its UCUM unit, where values fall, how many decimals, and what counts as normal. */
export interface Measure {
  readonly code: Coded;
  readonly unit: string;
  readonly range: readonly [low: number, high: number];
  readonly decimals: number;
  readonly normal: readonly [low: number, high: number];
}

const measure = (
  code: string,
  display: string,
  unit: string,
  range: readonly [number, number],
  normal: readonly [number, number],
  decimals = 0,
): Measure => ({ code: [code, display], unit, range, normal, decimals });

export const VITALS: readonly Measure[] = [
  measure('8867-4', 'Heart rate', '/min', [48, 118], [60, 100]),
  measure('9279-1', 'Respiratory rate', '/min', [10, 26], [12, 20]),
  measure('8310-5', 'Body temperature', 'Cel', [35.6, 39.4], [36.1, 37.9], 1),
  measure('2708-6', 'Oxygen saturation in Arterial blood', '%', [89, 100], [95, 100]),
  measure('29463-7', 'Body weight', 'kg', [44, 124], [44, 124], 1),
  measure('8302-2', 'Body height', 'cm', [148, 196], [148, 196], 1),
  measure('39156-5', 'Body mass index', 'kg/m2', [17, 41], [18.5, 25], 1),
];

export const BLOOD_PRESSURE: Coded = ['85354-9', 'Blood pressure panel'];
export const SYSTOLIC = measure('8480-6', 'Systolic blood pressure', 'mm[Hg]', [92, 186], [90, 130]);
export const DIASTOLIC = measure('8462-4', 'Diastolic blood pressure', 'mm[Hg]', [54, 108], [60, 80]);

export interface Panel {
  readonly code: Coded;
  readonly parts: readonly Measure[];
}

export const PANELS: readonly Panel[] = [
  {
    code: ['51990-0', 'Basic metabolic panel - Blood'],
    parts: [
      measure('2345-7', 'Glucose [Mass/volume] in Serum or Plasma', 'mg/dL', [64, 212], [70, 99]),
      measure('3094-0', 'Urea nitrogen [Mass/volume] in Serum or Plasma', 'mg/dL', [5, 38], [7, 20]),
      measure('2160-0', 'Creatinine [Mass/volume] in Serum or Plasma', 'mg/dL', [0.5, 2.4], [0.6, 1.3], 2),
      measure('2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'mmol/L', [129, 149], [136, 145]),
      measure('2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'mmol/L', [2.9, 5.9], [3.5, 5.1], 1),
      measure('2075-0', 'Chloride [Moles/volume] in Serum or Plasma', 'mmol/L', [94, 112], [98, 107]),
    ],
  },
  {
    code: ['58410-2', 'CBC panel - Blood by Automated count'],
    parts: [
      measure('718-7', 'Hemoglobin [Mass/volume] in Blood', 'g/dL', [8.4, 17.6], [12, 17], 1),
      measure('4544-3', 'Hematocrit [Volume Fraction] of Blood', '%', [28, 52], [36, 50], 1),
      measure('6690-2', 'Leukocytes [#/volume] in Blood', '10*3/uL', [2.6, 17.2], [4.5, 11], 1),
      measure('777-3', 'Platelets [#/volume] in Blood', '10*3/uL', [96, 468], [150, 400]),
    ],
  },
  {
    code: ['57698-3', 'Lipid panel with direct LDL - Serum or Plasma'],
    parts: [
      measure('2093-3', 'Cholesterol [Mass/volume] in Serum or Plasma', 'mg/dL', [122, 304], [122, 200]),
      measure('2571-8', 'Triglyceride [Mass/volume] in Serum or Plasma', 'mg/dL', [46, 412], [46, 150]),
      measure('18262-6', 'Cholesterol in LDL [Mass/volume] by Direct assay', 'mg/dL', [44, 208], [44, 100]),
      measure('2085-9', 'Cholesterol in HDL [Mass/volume] in Serum or Plasma', 'mg/dL', [24, 92], [40, 92]),
    ],
  },
];

export const CONDITIONS: readonly Coded[] = [
  ['38341003', 'Hypertensive disorder'],
  ['444814009', 'Viral sinusitis'],
  ['44054006', 'Diabetes mellitus type 2'],
  ['195662009', 'Acute viral pharyngitis'],
  ['10509002', 'Acute bronchitis'],
  ['55822004', 'Hyperlipidemia'],
  ['195967001', 'Asthma'],
  ['239873007', 'Osteoarthritis of knee'],
  ['271737000', 'Anemia'],
  ['13645005', 'Chronic obstructive pulmonary disease'],
  ['49436004', 'Atrial fibrillation'],
  ['53741008', 'Coronary arteriosclerosis'],
];

export const MEDICATIONS: readonly Coded[] = [
  ['314076', 'lisinopril 10 MG Oral Tablet'],
  ['860975', 'metformin hydrochloride 500 MG Extended Release Oral Tablet'],
  ['197361', 'amlodipine 5 MG Oral Tablet'],
  ['312961', 'simvastatin 20 MG Oral Tablet'],
  ['313782', 'acetaminophen 325 MG Oral Tablet'],
  ['308192', 'amoxicillin 500 MG Oral Tablet'],
  ['310798', 'hydrochlorothiazide 25 MG Oral Tablet'],
  ['745679', 'albuterol 0.09 MG/ACTUAT Metered Dose Inhaler'],
];

export const PROCEDURES: readonly Coded[] = [
  ['430193006', 'Medication reconciliation'],
  ['29303009', 'Electrocardiographic procedure'],
  ['399208008', 'Plain chest X-ray'],
  ['76601001', 'Intramuscular injection'],
  ['73761001', 'Colonoscopy'],
  ['127783003', 'Spirometry'],
];

export const VACCINES: readonly Coded[] = [
  ['140', 'Influenza, seasonal, injectable, preservative free'],
  ['113', 'Td (adult), preservative free'],
  ['121', 'zoster vaccine, live'],
  ['33', 'pneumococcal polysaccharide vaccine, 23 valent'],
  ['43', 'hepatitis B vaccine, adult dosage'],
];

export const ALLERGIES: readonly Coded[] = [
  ['91936005', 'Allergy to penicillin'],
  ['300913006', 'Shellfish allergy'],
  ['91935009', 'Allergy to peanuts'],
  ['300916003', 'Latex allergy'],
  ['418689008', 'Allergy to grass pollen'],
];

export const CARE_PLANS: readonly Coded[] = [
  ['698360004', 'Diabetes self management plan'],
  ['443402002', 'Lifestyle education regarding hypertension'],
  ['53950000', 'Respiratory therapy'],
];

export const VISITS: readonly (readonly [classCode: string, classDisplay: string, type: Coded])[] = [
  ['AMB', 'ambulatory', ['185349003', 'Encounter for check up']],
  ['AMB', 'ambulatory', ['185345009', 'Encounter for symptom']],
  ['EMER', 'emergency', ['50849002', 'Emergency room admission']],
  ['IMP', 'inpatient encounter', ['183452005', 'Emergency hospital admission']],
];
