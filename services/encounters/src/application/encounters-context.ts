import type { Journal } from '@anamnesis/journal';
import { RecordContext, type Json, type RecordRules } from '@anamnesis/records';
import { encounterRules } from '../domain/encounter.ts';

/** A note or document that was signed stays (R4 Composition.status, DocumentReference.docStatus). */
const SIGNED = new Set(['final', 'amended', 'corrected', 'appended']);
const signed: RecordRules = {
  deletable: (current: Json) => !SIGNED.has(String(current['docStatus'] ?? current['status'])),
};

/** Laboratory results are reported, other observations are notes of the moment. */
const observation: RecordRules = {
  deletable: (current) => !(SIGNED.has(String(current['status'])) && isLaboratory(current)),
};

function isLaboratory(current: Json): boolean {
  const categories = (current['category'] ?? []) as readonly { coding?: readonly { code?: string }[] }[];
  return categories.some(({ coding }) => coding?.some(({ code }) => code === 'laboratory'));
}

/** What happens at a visit. */
export const encountersContext = (journal: Journal): RecordContext =>
  new RecordContext('encounters', journal, {
    Encounter: encounterRules,
    Composition: signed,
    DocumentReference: signed,
    Observation: observation,
  });
