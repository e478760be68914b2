export { CHOICES } from './choices.ts';
export { compartmentParameters } from './compartment.ts';
export { isElementName } from './element-names.ts';
export {
  forEachLink,
  forEachReference,
  type Link,
  type LiteralReference,
  parseReference,
  referencePaths,
  rewriteLinks,
} from './references.ts';
export { isResourceType, RESOURCE_TYPES, type ResourceType } from './resource-type.ts';
export {
  type Element as ElementModel,
  type ElementType,
  type Structure,
  structureNames,
  structureOf,
} from './structure.ts';
export { type Subject, SUBJECT_ELEMENTS, subjectOf } from './subject.ts';
export { summarise, type SummaryMode } from './summarise.ts';
