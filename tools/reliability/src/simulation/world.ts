import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { EmbeddedKeyVault } from '@anamnesis/key-vault/embedded';
import { SealedJournal } from '@anamnesis/journal';

/**
 * A log and its keys, on which case after case is run: to open them takes a hundred times as long as a case. A case
 * begins at the log's head and has streams of its own.
 */
export class World {
  readonly #root: string;
  #folder: string;
  #lives = 0;
  #store!: EmbeddedEventStore;
  #vault!: EmbeddedKeyVault;

  private constructor(root: string) {
    this.#root = root;
    this.#folder = join(root, 'life-0');
  }

  static async open(root: string): Promise<World> {
    const world = new World(root);
    await world.#open();
    return world;
  }

  get store(): EmbeddedEventStore {
    return this.#store;
  }

  get vault(): EmbeddedKeyVault {
    return this.#vault;
  }

  get journal(): SealedJournal {
    return new SealedJournal(this.#store, this.#vault);
  }

  /** A folder for a case's own files. */
  async folderFor(name: string): Promise<string> {
    const folder = join(this.#root, name);
    await mkdir(folder, { recursive: true });
    return folder;
  }

  /**
   * What a killed process leaves is its files as they stand, no connection closed and nothing checkpointed: they are
   * copied as they are, and opened in the place of those that go on being open. To be called when nothing is under way.
   */
  async crash(): Promise<void> {
    const before = { store: this.#store, vault: this.#vault, folder: this.#folder };
    this.#lives += 1;
    this.#folder = join(this.#root, `life-${this.#lives}`);
    copyAsLeft(before.folder, this.#folder);
    await this.#open();
    await before.store.close();
    await before.vault.close();
    await rm(before.folder, { recursive: true, force: true });
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#vault.close();
  }

  async #open(): Promise<void> {
    this.#store = await EmbeddedEventStore.open({ folder: this.#folder });
    this.#vault = await EmbeddedKeyVault.open({ folder: this.#folder });
  }
}

/**
 * SQLite's files as a killed process leaves them. The write-ahead log goes first: what a checkpoint moves into the
 * database meanwhile is in both. Its index is not copied, it is made anew.
 */
export function copyAsLeft(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const entries = readdirSync(from, { withFileTypes: true }).filter(({ name }) => !name.endsWith('-shm'));
  const databasesLast = entries.sort((a, b) => Number(a.name.endsWith('.sqlite')) - Number(b.name.endsWith('.sqlite')));
  for (const entry of databasesLast) {
    if (entry.isDirectory()) copyAsLeft(join(from, entry.name), join(to, entry.name));
    else copyFileSync(join(from, entry.name), join(to, entry.name));
  }
}
