import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { hash31, hash53 } from '../src/embedded/hash.ts';
import { unusedSpace } from '../src/embedded/scrub-pages.ts';
import { afterPrefix, joined, raw } from '../src/embedded/sql.ts';
import { Statements } from '../src/embedded/statements.ts';

const seed = { k0: 0x03020100, k1: 0x07060504 };

describe('the hash of values', () => {
  it('is a safe integer that depends on every character, on the length and on the seed', () => {
    const texts = [
      '',
      '\0',
      '\0\0',
      'a',
      'b',
      'ab',
      'ba',
      'a\0',
      'abc',
      'x'.repeat(1_000),
      'x'.repeat(1_001),
      'é',
      '\u{1F600}',
    ];
    const hashes = texts.map((text) => hash53(seed, text));
    expect(hashes.every(Number.isSafeInteger)).toBe(true);
    expect(new Set(hashes).size).toBe(texts.length);
    expect(hash53({ ...seed, k0: 1 }, 'a')).not.toBe(hash53(seed, 'a'));
    expect(hash53({ ...seed, k1: 1 }, 'a')).not.toBe(hash53(seed, 'a'));
  });

  it('does not collide among many neighbours, and fills its range', () => {
    const hashes = Array.from({ length: 200_000 }, (_, index) => hash53(seed, String(index)));
    expect(new Set(hashes).size).toBe(hashes.length);
    const mean = hashes.reduce((a, b) => a + b) / hashes.length / 2 ** 53;
    expect(mean).toBeGreaterThan(0.495);
    expect(mean).toBeLessThan(0.505);
  });

  it('has a short form, in which nothing is 0 but the empty text', () => {
    expect(hash31(seed, '')).toBe(0);
    const short = Array.from({ length: 10_000 }, (_, index) => hash31(seed, String(index)));
    expect(short.every((hash) => hash > 0 && hash < 2 ** 31)).toBe(true);
  });
});

describe('pieces of SQL', () => {
  it('the end of a prefix comes after all that begins with it, and before all else', () => {
    expect(afterPrefix('ab')).toBe('ac');
    expect(afterPrefix('a\u{10FFFF}')).toBe('b');
    expect(afterPrefix('\uD7FF')).toBe('\uE000');
    expect(afterPrefix('')).toBeUndefined();
    expect(afterPrefix('\u{10FFFF}')).toBeUndefined();
  });

  it('long conjunctions stay shallow', () => {
    const db = new DatabaseSync(':memory:');
    const many = Array.from({ length: 20_000 }, () => raw('1'));
    expect(db.prepare(`SELECT ${joined(many, 'AND').text} AS answer`).get()?.['answer']).toBe(1);
    db.close();
  });

  it('prepared statements are kept up to a bound, the latest used', () => {
    const db = new DatabaseSync(':memory:');
    const statements = new Statements(db, 2);
    const first = statements.of('SELECT 1');
    statements.of('SELECT 2');
    expect(statements.of('SELECT 1')).toBe(first);
    statements.of('SELECT 3');
    expect(statements.of('SELECT 1')).toBe(first);
    const second = statements.of('SELECT 2');
    statements.of('SELECT 4');
    expect(statements.of('SELECT 2')).toBe(second);
    expect(statements.of('SELECT 1')).not.toBe(first);
    db.close();
  });
});

describe('unused space', () => {
  /** A leaf of a table: 2 cells, content from 400, one free block of 20 bytes at 450. */
  function leaf(): Buffer {
    const page = Buffer.alloc(512);
    page[0] = 13;
    page.writeUInt16BE(450, 1);
    page.writeUInt16BE(2, 3);
    page.writeUInt16BE(400, 5);
    page.writeUInt16BE(0, 450);
    page.writeUInt16BE(20, 452);
    return page;
  }

  it('lies between the cells’ places and their content, and in free blocks', () => {
    const page = leaf();
    expect(unusedSpace(page, 0)).toEqual([]);
    page[100] = 1;
    page[460] = 1;
    expect(unusedSpace(page, 0)).toEqual([
      [12, 400],
      [454, 470],
    ]);
  });

  it('is not looked for in other pages, nor in damaged ones', () => {
    for (const damage of [
      (page: Buffer) => page.writeUInt8(0, 0),
      (page: Buffer) => page.writeUInt16BE(600, 5),
      (page: Buffer) => page.writeUInt16BE(5, 5),
      (page: Buffer) => page.writeUInt16BE(400, 452),
      (page: Buffer) => page.writeUInt16BE(450, 450),
      (page: Buffer) => page.writeUInt16BE(510, 1),
    ]) {
      const page = leaf();
      page[100] = 1;
      damage(page);
      expect(unusedSpace(page, 0)).toEqual([]);
    }
  });
});
