import type { Draw } from './draw.ts';

const SENTENCES = [
  'The patient was seen in good general condition and was oriented in all respects.',
  'History was taken from the patient and completed from earlier notes.',
  'Findings were explained, questions were answered, and the next step was agreed on.',
  'No change in the surroundings at home since the last visit was reported.',
  'Advice was given on diet, movement and sleep; written material was handed out.',
  'Medication was reviewed with the patient; doses and times were confirmed.',
  'A follow-up was offered; the patient will call sooner if symptoms return.',
  'Measured values were compared with those of earlier visits and entered.',
  'The course was discussed with the responsible physician on the same day.',
  'Vaccination status and known intolerances were checked against the record.',
];

const OPEN = '<div xmlns="http://www.w3.org/1999/xhtml">';
const CLOSE = '</div>';
const FRAME = ',"text":{"status":"generated","div":""}'.length + OPEN.length + CLOSE.length + 4; // 4: quotes escaped

/** Any FHIR resource that may carry a narrative (R4 DomainResource). */
interface Narrated {
  resourceType: string;
  text?: { status: 'generated'; div: string };
}

/**
 * The resource with a narrative that brings its JSON to about `bytes`; as it is, when it is that long already.
 * Size is what a store is loaded with, so it comes from where real records have it: prose.
 */
export function narrated<R extends Narrated>(resource: R, bytes: number, draw: Draw): R {
  let missing = bytes - JSON.stringify(resource).length - FRAME;
  if (missing < 60) return resource;
  const paragraphs: string[] = [];
  while (missing > 0) {
    const sentence = draw.pick(SENTENCES).slice(0, Math.max(missing - 7, 1));
    paragraphs.push(`<p>${sentence}</p>`);
    missing -= sentence.length + 7;
  }
  const { resourceType, ...rest } = resource;
  return { resourceType, text: { status: 'generated', div: OPEN + paragraphs.join('') + CLOSE }, ...rest } as R;
}
