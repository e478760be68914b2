import type { Position } from '@anamnesis/kernel';
import type { FhirDependencies } from './dependencies.ts';
import { versionOf, type ResourceVersion } from './resource-version.ts';
import type { Resources } from './resources.ts';

/** Events read from the log in one step. */
const STEP = 2_000;

interface Link {
  readonly other: { readonly reference?: string };
  readonly type: string;
}

/**
 * A patient's chart folded from the log: the latest version of every resource of the patient's streams, and of those
 * of the records merged into it, as known at a position. It reads by the (subject, position) index and never scans.
 */
export class Charts {
  readonly #dependencies: Pick<FhirDependencies, 'timeline' | 'log' | 'journal'>;
  readonly #resources: Resources;

  constructor(dependencies: Pick<FhirDependencies, 'timeline' | 'log' | 'journal'>, resources: Resources) {
    this.#dependencies = dependencies;
    this.#resources = resources;
  }

  /** Every resource that stood at the position, the Patient first, deletions left out; undefined: no such patient. */
  async of(patientId: string, upTo: Position): Promise<readonly ResourceVersion[] | undefined> {
    const patient = await this.#resources.latest('Patient', patientId, upTo);
    if (!patient) return undefined;
    const subjects = [subjectOf(patient), ...(await this.#absorbed(patient, upTo))];
    const positions = await this.#dependencies.timeline.positionsOf(subjects, upTo);
    const latest = new Map<string, ResourceVersion>();
    for (let start = 0; start < positions.length; start += STEP) {
      const events = await this.#dependencies.log.readPositions(positions.slice(start, start + STEP));
      for (const opened of await this.#dependencies.journal.openAll(events)) {
        const version = 'erased' in opened ? undefined : versionOf(opened);
        // A resource whose subject was corrected belongs to the chart it was moved to.
        if (version) latest.set(version.stream, version);
      }
    }
    latest.delete(patient.stream);
    const standing = [...latest.values()].filter(({ text }) => text !== undefined);
    return patient.text === undefined ? standing : [patient, ...standing];
  }

  /** The opaque ids of the records merged into this one, directly or through others. */
  async #absorbed(survivor: ResourceVersion, upTo: Position): Promise<string[]> {
    const found = new Set<string>();
    const open = [survivor];
    for (let patient = open.pop(); patient; patient = open.pop()) {
      for (const id of replacedBy(patient)) {
        const version = await this.#resources.latest('Patient', id, upTo);
        if (!version || found.has(subjectOf(version))) continue;
        found.add(subjectOf(version));
        open.push(version);
      }
    }
    return [...found];
  }
}

const subjectOf = ({ stream }: ResourceVersion): string => stream.slice('patient-'.length);

function replacedBy({ text }: ResourceVersion): string[] {
  if (text?.includes('"replaces"') !== true) return [];
  const links = (JSON.parse(text) as { link?: readonly Link[] }).link ?? [];
  return links
    .filter(({ type }) => type === 'replaces')
    .map(({ other }) => other.reference?.split('/').at(-1))
    .filter((id) => id !== undefined);
}
