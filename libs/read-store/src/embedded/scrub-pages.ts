import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';

/**
 * SQLite's `secure_delete` overwrites what is deleted, but not the copies that stay behind in a page's unused space
 * when a row moves to another page. This overwrites all unused space of every b-tree page of a database file, by the
 * file format's definition (sqlite.org/fileformat2.html, sections 1.3 and 1.6).
 *
 * Nothing that SQLite reads is changed, so readers may go on. There must be no write-ahead log with content and no
 * writer. Closing a file drops the locks that its process holds on it: where connections are open, run this in another
 * process (`scrub-process.ts`).
 */
export function scrubPages(path: string, proceed: () => boolean = () => true): void {
  const file = openSync(path, 'r+');
  try {
    const header = Buffer.alloc(DATABASE_HEADER_BYTES);
    readSync(file, header, 0, header.length, 0);
    const stated = header.readUInt16BE(16);
    const pageBytes = stated === 1 ? 65_536 : stated;
    const usableBytes = pageBytes - header[20]!;
    const chunk = Buffer.alloc(pageBytes * PAGES_AT_ONCE);
    for (let at = 0; ; at += chunk.length) {
      const read = readSync(file, chunk, 0, chunk.length, at);
      for (let page = 0; page + pageBytes <= read; page += pageBytes) {
        const bytes = chunk.subarray(page, page + usableBytes);
        for (const [from, to] of unusedSpace(bytes, at + page === 0 ? DATABASE_HEADER_BYTES : 0)) {
          if (!proceed()) return;
          writeSync(file, ZEROS, 0, to - from, at + page + from);
        }
      }
      if (read < chunk.length) break;
    }
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

const DATABASE_HEADER_BYTES = 100;
const PAGES_AT_ONCE = 256;
const ZEROS = Buffer.alloc(65_536);

/** Interior pages, of an index and of a table, have a longer header than leaves. */
const HEADER_BYTES: Readonly<Record<number, number>> = { 2: 12, 5: 12, 10: 8, 13: 8 };

/** Stretches of unused space that are not zero. Overflow and free pages begin with another byte, and have none. */
export function unusedSpace(page: Uint8Array, start: number): [from: number, to: number][] {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  const headerBytes = HEADER_BYTES[page[start]!];
  if (headerBytes === undefined) return [];
  const cells = view.getUint16(start + 3);
  const content = view.getUint16(start + 5) || 65_536;
  const gap = start + headerBytes + 2 * cells;
  if (gap > content || content > page.length) return [];
  const stretches: [number, number][] = [[gap, content]];
  // The chain of free blocks ascends; each begins with the next one's place and its own length.
  for (let block = view.getUint16(start + 1), last = content; block !== 0;) {
    if (block < last || block + 4 > page.length) return [];
    const end = block + view.getUint16(block + 2);
    if (end > page.length) return [];
    stretches.push([block + 4, end]);
    last = end;
    block = view.getUint16(block);
  }
  return stretches.filter(([from, to]) => Buffer.compare(page.subarray(from, to), ZEROS.subarray(0, to - from)) !== 0);
}
