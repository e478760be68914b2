import { kindOf } from '@anamnesis/contracts';
import { uuidOfHash, type Json, type Prior } from '@anamnesis/records';
import { Fault, type RecordedFact } from '@anamnesis/kernel';
import type { Journal, JournalReader, Pending } from '@anamnesis/journal';

/**
 * A facility's identifier belongs to one patient. It is claimed in a stream of its own, `identifier-<keyed hash>`,
 * in the same append as the patient's version, so that two registrars at once cannot both win.
 *
 * A facility's identifier is one whose type is medical record number (`MR`, v2 table 0203) and that names its system.
 */
interface Identifier {
  readonly system?: string;
  readonly value?: string;
  readonly type?: { readonly coding?: readonly { readonly code?: string }[] };
}

type Hashing = Pick<Journal, 'keyedHash'>;

/** The streams of the identifiers that a version of a patient claims. */
export function claimedStreams(patient: Json | undefined, { keyedHash }: Hashing): ReadonlySet<string> {
  const identifiers = (patient?.['identifier'] as readonly Identifier[] | undefined) ?? [];
  const streams = identifiers
    .filter(({ system, value, type }) => system && value && type?.coding?.some(({ code }) => code === 'MR'))
    .map(({ system, value }) => `identifier-${uuidOfHash(keyedHash('identifier', `${system}|${value}`))}`);
  return new Set(streams);
}

const claimFact = (type: 'IdentifierClaimed' | 'IdentifierReleased', holder: string) => ({
  type,
  schema: 1,
  facts: { holder },
});

/** What a patient's new version claims and gives back, as writes that stand or fall with it. */
export class IdentifierClaims {
  readonly #journal: JournalReader & Hashing;

  constructor(journal: JournalReader & Hashing) {
    this.#journal = journal;
  }

  /**
   * `holder` is the patient's stream. The first attempt claims without looking, which is right nearly always; the
   * store's refusal leads to a second attempt that looks. `taken`: somebody else holds one.
   */
  async changes(
    before: Json | undefined,
    after: Json | undefined,
    holder: string,
    attempt: number,
    prior: Prior,
  ): Promise<'taken' | readonly Pending[]> {
    const hashing = { keyedHash: this.#journal.keyedHash.bind(this.#journal) };
    const held = claimedStreams(before, hashing);
    const wanted = claimedStreams(after, hashing);
    const pending: Pending[] = [];
    for (const stream of wanted) {
      if (held.has(stream)) continue;
      if (prior.has(stream)) return 'taken';
      const claim = attempt === 0 ? { expected: 'none' as const } : await this.#free(stream, holder);
      if (claim === 'taken') return 'taken';
      pending.push({
        stream,
        expected: claim.expected,
        facts: [claimFact('IdentifierClaimed', holder)],
        dataClass: 'clinical',
      });
    }
    for (const stream of held) {
      if (wanted.has(stream)) continue;
      const { revision } = await this.#journal.load(stream);
      pending.push({
        stream,
        expected: revision,
        facts: [claimFact('IdentifierReleased', holder)],
        dataClass: 'clinical',
      });
    }
    return pending;
  }

  /** What to expect of a claim's stream that is free, or that is ours already. */
  async #free(stream: string, holder: string): Promise<'taken' | { expected: Pending['expected'] }> {
    const [last] = await this.#journal.loadBackwards(stream, 1);
    if (!last) return { expected: 'none' };
    const free = last.type === 'IdentifierReleased' || last.facts['holder'] === holder || (await this.#gone(last));
    return free ? { expected: last.revision } : 'taken';
  }

  /** The holder was erased: nobody has the identifier any more. */
  async #gone(claim: RecordedFact): Promise<boolean> {
    const holder = String(claim.facts['holder']);
    if (kindOf(holder) !== 'patient') return false;
    try {
      await this.#journal.loadBackwards(holder, 1);
      return false;
    } catch (error) {
      if (error instanceof Fault && error.code === 'key-destroyed') return true;
      throw error;
    }
  }
}
