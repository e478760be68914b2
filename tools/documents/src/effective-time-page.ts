import { CLINICAL_TIME, storableTypes } from '@anamnesis/contracts';
import { cell, generatedBy, table } from './markdown.ts';

const INTRODUCTION = `# When a fact was true

Every version of a resource has two times. **Recorded**: when the log learned it, stamped at commit. **Effective**: when
it was true, as the resource itself says. \`_asOf=T\` asks what the record knew at T; \`_effectiveAsOf=T\` asks, of what is
known now, which facts were true at T. Each alone; both at once answer 400.

A resource is shown by \`_effectiveAsOf=T\` when T lies from its start to its end:

- the **start** is the first of the elements below that the resource has; without one it is when it was recorded;
- the **end** is the first of the elements below that the resource has; without one the fact goes on;
- a date that is less than an instant stands for all of it: \`2019-03\` begins with the first millisecond of that March and
  ends with the last, UTC;
- T itself may be a date and stands for its last millisecond.

A type that is not listed has no clinical time of its own: its facts are true from when they were recorded.`;

/** `docs/effective-time.md`, from the table that the record decides by. */
export function effectiveTimePage(): string {
  const types = storableTypes()
    .filter((type) => CLINICAL_TIME[type])
    .toSorted();
  const rows = types.map((type) => {
    const { start, end } = CLINICAL_TIME[type]!;
    return [type, start.map(cell).join(', '), (end ?? []).map(cell).join(', ')];
  });
  return [
    generatedBy('libs/contracts/src/clinical-time.ts'),
    INTRODUCTION,
    table(['resource type', 'start', 'end'], rows),
    `${rows.length} of ${storableTypes().length} resource types.`,
  ].join('\n\n');
}
