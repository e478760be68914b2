import type { ElementDefinition, StructureDefinition } from './source.ts';

/**
 * The package edits some of HL7's StructureDefinitions: it adds elements of its own server (`Meta.project`) and of
 * R5. HL7's R4 data elements, which it carries unedited, are followed wherever the two differ.
 */
const ADDED = [
  'Binary.url',
  'DeviceDefinition.bodySite',
  'Meta.account',
  'Meta.accounts',
  'Meta.author',
  'Meta.compartment',
  'Meta.onBehalfOf',
  'Meta.project',
  'ResearchStudy.associatedParty',
  'ResearchStudy.classifier',
  'ResearchStudy.comparisonGroup',
  'ResearchStudy.descriptionSummary',
  'ResearchStudy.label',
  'ResearchStudy.name',
  'ResearchStudy.objective.description',
  'ResearchStudy.outcomeMeasure',
  'ResearchStudy.progressStatus',
  'ResearchStudy.recruitment',
  'ResearchStudy.region',
  'ResearchStudy.result',
  'ResearchStudy.studyDesign',
  'ResearchStudy.whyStopped',
];

/** R5's content stands here whole; its elements are taken from R4's data elements instead. */
const REPLACED = 'EvidenceVariable.characteristic';

export function corrected(
  structure: StructureDefinition,
  dataElements: ReadonlyMap<string, ElementDefinition>,
): StructureDefinition {
  const kept = structure.snapshot.element.filter(
    ({ path }) => !ADDED.some((added) => path === added || path.startsWith(`${added}.`)),
  );
  const elements = kept
    .filter(({ path }) => !path.startsWith(`${REPLACED}.`))
    .flatMap((element) =>
      element.path === REPLACED ? replaced(element, dataElements) : [follow(element, dataElements)],
    );
  return { ...structure, snapshot: { element: elements } };
}

function replaced(
  parent: ElementDefinition,
  dataElements: ReadonlyMap<string, ElementDefinition>,
): ElementDefinition[] {
  const children = [...dataElements].filter(([path]) => path.startsWith(`${REPLACED}.`)).map(([, element]) => element);
  return [{ ...parent, min: 1, constraint: [] }, ...children];
}

function follow(element: ElementDefinition, dataElements: ReadonlyMap<string, ElementDefinition>): ElementDefinition {
  const original = dataElements.get(element.path);
  // The data element of Quantity is SimpleQuantity's.
  if (original === undefined || element.path.startsWith('Quantity.')) return element;
  const { constraint = [], path } = element;
  return { ...original, path, constraint };
}
