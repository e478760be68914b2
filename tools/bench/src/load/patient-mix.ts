import { headerOf, type Answer, type LeanConnection } from './lean-connection.ts';
import { writtenPerson, type WrittenPerson } from './people.ts';
import type { Step } from './closed-loop.ts';

export const MIX =
  'a quarter each: create, read by id, search by family name (drawn as often as it is borne; _count=20), update of one telephone number';

interface Known {
  readonly id: string;
  readonly person: WrittenPerson;
}

/** The people of a mix: those to create next, and those that are there. */
export class PatientMix {
  readonly #seed: string;
  readonly #headers: readonly string[];
  readonly #known: Known[] = [];
  #next = 0;

  /** `headers` are each client's, whole lines with their ends: the token and the content type. */
  constructor(seed: string, headers: readonly string[]) {
    this.#seed = seed;
    this.#headers = headers;
  }

  /** Creates people until so many are known, on all the connections at once. */
  async prepare(connections: readonly LeanConnection[], count: number): Promise<void> {
    let left = count;
    const creator = async (connection: LeanConnection): Promise<void> => {
      while (left-- > 0) {
        if (!(await this.#create(connection, this.#headers[0]!))) throw new Error('A patient could not be created');
      }
    };
    await Promise.all(connections.map(creator));
  }

  /** A client that asks for the four in turn, beginning with another than its neighbour. */
  client(index: number): Step {
    const headers = this.#headers[index]!;
    const clients = this.#headers.length;
    let turn = index;
    // Each client updates only people of its own, so that no two updates meet.
    const own: Known[] = this.#known.filter((_, number) => number % clients === index);
    return async (connection) => {
      turn += 1;
      switch (turn % 4) {
        case 0: {
          const known = await this.#create(connection, headers);
          if (known) own.push(known);
          return { name: 'create', right: known !== undefined };
        }
        case 1:
          return {
            name: 'read',
            right: await this.#read(connection, headers, pick(this.#known, turn * 7_919 + index)),
          };
        case 2:
          return {
            name: 'search',
            right: await this.#search(connection, headers, pick(this.#known, turn * 104_729 + index)),
          };
        default:
          return { name: 'update', right: await this.#update(connection, headers, pick(own, turn)) };
      }
    };
  }

  async #create(connection: LeanConnection, headers: string): Promise<Known | undefined> {
    const person = writtenPerson(this.#seed, this.#next);
    this.#next += 1;
    const answer = await connection.send('POST', '/fhir/Patient', headers, person.create);
    const id = answer.status === 201 ? idOf(answer) : undefined;
    if (id === undefined) return undefined;
    const known = { id, person };
    this.#known.push(known);
    return known;
  }

  async #read(connection: LeanConnection, headers: string, { id }: Known): Promise<boolean> {
    const answer = await connection.send('GET', `/fhir/Patient/${id}`, headers);
    return answer.status === 200 && answer.body.includes(id);
  }

  async #search(connection: LeanConnection, headers: string, { person }: Known): Promise<boolean> {
    const path = `/fhir/Patient?family=${encodeURIComponent(person.family)}&_count=20`;
    const answer = await connection.send('GET', path, headers);
    return answer.status === 200 && answer.body.includes('"searchset"');
  }

  async #update(connection: LeanConnection, headers: string, { id, person }: Known): Promise<boolean> {
    const answer = await connection.send('PUT', `/fhir/Patient/${id}`, headers, person.update(id));
    return answer.status === 200;
  }
}

const pick = <T>(from: readonly T[], number: number): T => from[number % from.length]!;

/** The id in `Location: [base]/Patient/[id]/_history/[vid]` (R4 http section 3.1.0.8). */
function idOf({ head }: Answer): string | undefined {
  return /\/Patient\/([A-Za-z0-9.-]{1,64})(\/_history\/|$)/.exec(headerOf(head, 'location') ?? '')?.[1];
}
