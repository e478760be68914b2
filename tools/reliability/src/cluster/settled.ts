import { join } from 'node:path';
import { checkAccessRecords, takeEvidence, type Evidence } from '../kill/audit-checks.ts';
import type { Crowd } from '../kill/crowd.ts';
import { checkHistories, checkPoison, checkReadModels, checkStreams } from '../kill/settled-checks.ts';
import { checkExportedLog } from './check-exported-log.ts';
import type { Field } from './field.ts';
import { untilNoLag } from './lag.ts';
import type { Replays } from './replays.ts';

/** The access records' times are the event store's, the run's are this process's. */
const MARGIN_MS = 60_000;

/** What must hold when a fault is over and the writers have all their answers. */
export class Settled {
  readonly #field: Field;
  readonly #folder: string;
  /** The first checkpoint that was taken out of the record's reach. */
  #first: Evidence | undefined;

  constructor(field: Field, folder: string) {
    this.#field = field;
    this.#folder = folder;
  }

  /** After one fault; `since`: when it began. */
  async differences(crowd: Crowd, replays: Replays, since: Date): Promise<string[]> {
    const { client, acknowledged, poison } = this.#field;
    const again = await replays.differences(client);
    await untilNoLag(this.#field);
    return [
      ...crowd.criteriaDifferences(),
      ...again,
      ...(await checkHistories(client, acknowledged, acknowledged.touched())),
      ...(await checkReadModels(client, acknowledged)),
      ...(await checkPoison(client, poison)),
      ...(await checkAccessRecords(client, crowd.reads, new Date(since.getTime() - MARGIN_MS))),
      ...(await this.#auditDifferences()),
    ];
  }

  /** After all of them: everything once more, from the first write on. */
  async allDifferences(): Promise<string[]> {
    const { client, acknowledged } = this.#field;
    return checkStreams(client, acknowledged);
  }

  /** The log of the event store, against the checkpoint of now and the first one. */
  async #auditDifferences(): Promise<string[]> {
    const { stack } = this.#field;
    // Each instance signs with its own key: checkpoint and key must be of one.
    const audit = stack.service('audit');
    const data = join(stack.addresses.folder, 'data', `${audit.service}-${audit.number}`);
    const now = await takeEvidence(this.#field.at(audit), data, this.#folder);
    this.#first ??= await takeEvidence(this.#field.at(audit), data, this.#folder, 'first');
    return checkExportedLog(stack.addresses.eventStore, join(this.#folder, 'log.gz'), [now, this.#first]);
  }
}
