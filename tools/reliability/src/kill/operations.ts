import { syntheticPatient, type Draw } from '@anamnesis/testing';
import type { Answer, Asked } from './record-client.ts';
import type { Version } from './acknowledged.ts';
import { contentOf } from './content.ts';

export const MARK_SYSTEM = 'urn:anamnesis:reliability:mark';
export const CRITERION_SYSTEM = 'urn:anamnesis:reliability:criterion';

type Resource = Readonly<Record<string, unknown>>;

/** A write with all that its answer is judged by. */
export interface Operation {
  readonly kind: string;
  readonly asked: Asked;
  /** The versions that this answer acknowledges. Throws on an answer that the request cannot have. */
  effects(answer: Answer): Effects;
}

export interface Effects {
  readonly versions: readonly Version[];
  /** A conditional create's criterion and the one resource that met it. */
  readonly criterion?: { readonly name: string; readonly of: string; readonly made: boolean };
}

/** A resource that a writer owns: only it writes there. */
interface Own {
  readonly id: string;
  version: number;
  resource: Resource;
  deleted: boolean;
}

const MOST_OWNED = 40;

/** One client that writes: each operation is drawn from the seed, given what the earlier ones were answered. */
export class Writer {
  readonly #draw: Draw;
  readonly #seed: string;
  readonly #number: number;
  readonly #shared: string;
  readonly #criteria: () => string;
  readonly #own: Own[] = [];
  #count = 0;
  #people = 0;

  /** `shared`: a patient whom every writer updates. `criteria`: the criterion that all of them contend for now. */
  constructor(draw: Draw, seed: string, number: number, shared: string, criteria: () => string) {
    this.#draw = draw;
    this.#seed = seed;
    this.#number = number;
    this.#shared = shared;
    this.#criteria = criteria;
  }

  /** A patient of this writer who is there, to be read. */
  readable(): string | undefined {
    return this.#own.findLast(({ deleted }) => !deleted)?.id;
  }

  next(): Operation {
    this.#count += 1;
    const own = this.#own.length > 0 ? this.#draw.pick(this.#own) : undefined;
    const drawn = this.#draw.whole(1, 100);
    if (own?.deleted) return this.#update(own, 'revive');
    if (own === undefined || (drawn <= 22 && this.#own.length < MOST_OWNED)) return this.#create();
    if (drawn <= 40) return this.#update(own, this.#draw.chance(0.5) ? 'update' : 'update-if-match');
    if (drawn <= 52) return this.#patch(own);
    if (drawn <= 57) return this.#delete(own);
    if (drawn <= 69) return this.#conditional(this.#criteria());
    if (drawn <= 85) return this.#transaction(own);
    return this.#updateShared();
  }

  #key(): string {
    return `${this.#seed}-${this.#number}-${this.#count}`;
  }

  /** A person with a mark: no two operations send the same content. */
  #person(): Resource {
    this.#people += 1;
    const person = syntheticPatient(`${this.#seed}-${this.#number}`, this.#people);
    const value = `${this.#key()}-${this.#people}`;
    return { ...person, identifier: [{ system: MARK_SYSTEM, value }, ...(person.identifier ?? [])] };
  }

  #asked(method: Asked['method'], path: string, body?: unknown, headers: Record<string, string> = {}): Asked {
    const type = method === 'PATCH' ? 'application/json-patch+json' : 'application/fhir+json';
    return {
      method,
      path: `/fhir${path}`,
      headers: { 'idempotency-key': this.#key(), ...(body === undefined ? {} : { 'content-type': type }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    };
  }

  #create(): Operation {
    const resource = this.#person();
    return {
      kind: 'create',
      asked: this.#asked('POST', '/Patient', resource),
      effects: (answer) => {
        const { id, version } = writtenBy(answer, 201);
        this.#own.push({ id, version, resource, deleted: false });
        return { versions: [versionOf('Patient', id, version, resource)] };
      },
    };
  }

  #update(own: Own, kind: 'update' | 'update-if-match' | 'revive'): Operation {
    const resource = { ...this.#person(), id: own.id };
    const headers = kind === 'update-if-match' ? { 'if-match': `W/"${own.version}"` } : {};
    return {
      kind,
      asked: this.#asked('PUT', `/Patient/${own.id}`, resource, headers),
      effects: (answer) => {
        const { version } = writtenBy(answer, kind === 'revive' ? 201 : 200);
        Object.assign(own, { version, resource, deleted: false });
        return { versions: [versionOf('Patient', own.id, version, resource)] };
      },
    };
  }

  #patch(own: Own): Operation {
    const value = this.#key();
    const [mark, ...rest] = own.resource['identifier'] as Resource[];
    const resource = { ...own.resource, identifier: [{ ...mark, value }, ...rest] };
    return {
      kind: 'patch',
      asked: this.#asked('PATCH', `/Patient/${own.id}`, [{ op: 'replace', path: '/identifier/0/value', value }]),
      effects: (answer) => {
        const { version } = writtenBy(answer, 200);
        Object.assign(own, { version, resource });
        return { versions: [versionOf('Patient', own.id, version, resource)] };
      },
    };
  }

  #delete(own: Own): Operation {
    return {
      kind: 'delete',
      asked: this.#asked('DELETE', `/Patient/${own.id}`),
      effects: (answer) => {
        expectStatus(answer, 204);
        // The answer names no version; nobody else writes here, so it is the next one.
        Object.assign(own, { version: own.version + 1, deleted: true });
        return { versions: [{ name: `Patient/${own.id}`, version: own.version, content: undefined }] };
      },
    };
  }

  /** Several writers ask for the same at once: one of them makes it, the others are told of it. */
  #conditional(value: string): Operation {
    const person = this.#person();
    const identifier = [{ system: CRITERION_SYSTEM, value }, ...(person['identifier'] as Resource[])];
    const resource = { ...person, identifier };
    const headers = { 'if-none-exist': `identifier=${CRITERION_SYSTEM}|${value}` };
    return {
      kind: 'conditional-create',
      asked: this.#asked('POST', '/Patient', resource, headers),
      effects: (answer) => {
        const { id, version } = writtenBy(answer, 200, 201);
        const made = answer.status === 201;
        const criterion = { name: value, of: `Patient/${id}`, made };
        return { versions: made ? [versionOf('Patient', id, version, resource)] : [], criterion };
      },
    };
  }

  /** A new patient with two observations, and an update of one who is there: all or nothing. */
  #transaction(own: Own): Operation {
    const person = this.#person();
    const updated = { ...this.#person(), id: own.id };
    const name = `urn:uuid:${this.#draw.uuid()}`;
    const observations = [72, 73].map((value) => this.#pulse(name, value));
    const post = (resource: Resource, fullUrl?: string) => ({
      ...(fullUrl === undefined ? {} : { fullUrl }),
      resource,
      request: { method: 'POST', url: String(resource['resourceType']) },
    });
    const entry = [
      post(observations[0]!),
      post(person, name),
      { resource: updated, request: { method: 'PUT', url: `Patient/${own.id}` } },
      post(observations[1]!),
    ];
    return {
      kind: 'transaction',
      asked: this.#asked('POST', '', { resourceType: 'Bundle', type: 'transaction', entry }),
      effects: (answer) => {
        const [first, made, put, second] = entriesOf(answer, entry.length);
        const subject = { reference: `Patient/${made!.id}` };
        this.#own.push({ id: made!.id, version: made!.version, resource: person, deleted: false });
        Object.assign(own, { version: put!.version, resource: updated });
        const pulse = (at: { id: string; version: number }, of: Resource) =>
          versionOf('Observation', at.id, at.version, { ...of, subject });
        return {
          versions: [
            pulse(first!, observations[0]!),
            versionOf('Patient', made!.id, made!.version, person),
            versionOf('Patient', own.id, put!.version, updated),
            pulse(second!, observations[1]!),
          ],
        };
      },
    };
  }

  #pulse(patient: string, value: number): Resource {
    return {
      resourceType: 'Observation',
      identifier: [{ system: MARK_SYSTEM, value: `${this.#key()}-${value}` }],
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
      subject: { reference: patient },
      effectiveDateTime: '2026-01-15T09:00:00Z',
      valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
    };
  }

  #updateShared(): Operation {
    const resource = { ...this.#person(), id: this.#shared };
    return {
      kind: 'update-shared',
      asked: this.#asked('PUT', `/Patient/${this.#shared}`, resource),
      effects: (answer) => {
        const { version } = writtenBy(answer, 200, 201);
        return { versions: [versionOf('Patient', this.#shared, version, resource)] };
      },
    };
  }
}

const versionOf = (type: string, id: string, version: number, resource: Resource): Version => ({
  name: `${type}/${id}`,
  version,
  content: contentOf(resource),
});

function expectStatus({ status, text }: Answer, ...expected: readonly number[]): void {
  if (!expected.includes(status)) throw new Error(`answered ${status} instead of ${expected.join(' or ')}: ${text}`);
}

function writtenBy(answer: Answer, ...expected: readonly number[]): { id: string; version: number } {
  expectStatus(answer, ...expected);
  return located(String(answer.headers['location']));
}

function located(location: string): { id: string; version: number } {
  const found = /\/([A-Za-z0-9\-.]{1,64})\/_history\/(\d+)$/.exec(location);
  if (!found) throw new Error(`a write was answered without a version's location: ${location}`);
  return { id: found[1]!, version: Number(found[2]) };
}

function entriesOf(answer: Answer, expected: number): { id: string; version: number }[] {
  expectStatus(answer, 200);
  const { entry = [] } = JSON.parse(answer.text) as { entry?: { response: { location?: string } }[] };
  if (entry.length !== expected) throw new Error(`a transaction of ${expected} was answered with ${entry.length}`);
  return entry.map(({ response }) => located(String(response.location)));
}
