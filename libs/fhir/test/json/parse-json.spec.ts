import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bundleEntries, type JsonProblem, parseJson, plainOf } from '../../src/json/index.ts';

const problem = (source: string | Uint8Array, depth?: number): JsonProblem | undefined =>
  parseJson(source, depth === undefined ? {} : { depth }).problem;
const accepted = (source: string | Uint8Array): { value: unknown; exact: unknown } => {
  const outcome = parseJson(source);
  if (outcome.problem !== undefined) throw new Error(outcome.problem.code);
  return outcome;
};

describe('strict JSON', () => {
  it('takes any well-formed text as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(accepted(text).value).toEqual(JSON.parse(text));
        expect(accepted(Buffer.from(text)).value).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses what JSON.parse refuses, and never throws', () => {
    const tokens = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '"a":',
        '\\',
        '\\u00',
        '\\ud800',
        '1',
        '-',
        '1.0',
        'e',
        'true',
        'nul',
        ' ',
        '\n',
        '\0',
      ],
    );
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let sound = true;
        try {
          JSON.parse(text);
        } catch {
          sound = false;
        }
        const found = problem(text);
        if (!sound) expect(found).toBeDefined();
        else if (found !== undefined) expect(['json-duplicate-key', 'json-character']).toContain(found.code);
      }),
      { numRuns: 3000 },
    );
  });

  it('takes hostile keys as plain data', () => {
    const { value } = accepted('{"__proto__":{"polluted":true},"constructor":1,"toString":2}');
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor', 'toString']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['an empty body', ''],
    ['white space alone', ' \n '],
    ['trailing garbage', '{"a":1} x'],
    ['two values', '{} {}'],
    ['a trailing comma', '{"a":1,}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{"a":1 /* b */}'],
    ['NaN', '{"a":NaN}'],
    ['a leading zero', '{"a":01}'],
    ['a raw line break in a string', '{"a":"b\nc"}'],
    ['an escape that is none', '{"a":"\\x"}'],
    ['a torn text', '{"a":[1,2'],
  ])('refuses %s', (_, text) => {
    expect(problem(text)).toMatchObject({ code: 'json-syntax' });
  });

  it.each([
    ['at the top', '{"a":1,"b":2,"a":3}', 'json-duplicate-key'],
    ['deep within', '{"resourceType":"Patient","name":[{"family":"A","family":"B"}]}', 'json-duplicate-key'],
    ['written with an escape', '{"a":1,"\\u0061":2}', 'json-duplicate-key'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}', 'json-duplicate-key'],
  ])('refuses a repeated key %s', (_, text, code) => {
    expect(problem(text)?.code).toBe(code);
  });

  it('does not take a colon or a quote in a string for a key', () => {
    expect(accepted('{"a":"b\\":c:\\\\","d":":"}').value).toEqual({ a: 'b":c:\\', d: ':' });
  });

  it('tells where the fault is, by line, column and element', () => {
    const text = '{"resourceType":"Patient",\n "name":[{"family":"A"},\n  {"given":["B"],"given":["C"]}]}';
    expect(problem(text)).toEqual({
      code: 'json-duplicate-key',
      message: expect.any(String),
      line: 3,
      column: 18,
      expression: 'Patient.name[1]',
    });
  });

  it('tells no key that R4 does not have', () => {
    const text = '{"resourceType":"Patient","Jane Doe":{"a":1,"a":2}}';
    const found = problem(text);
    expect(found?.expression).toBe('Patient');
    expect(JSON.stringify(found)).not.toContain('Jane');
  });

  it('tells no part of a text that is no JSON', () => {
    expect(JSON.stringify(problem('{"name":"Jane Doe" "x"}'))).not.toContain('Jane');
  });

  it('bounds the nesting, of hostile depth too', () => {
    expect(problem('[[[1]]]', 3)).toBeUndefined();
    expect(problem('[[[[1]]]]', 3)).toMatchObject({ code: 'json-depth', column: 4 });
    expect(problem('{"a":'.repeat(100_000))).toMatchObject({ code: 'json-depth' });
    expect(problem('['.repeat(1_000_000))).toMatchObject({ code: 'json-depth' });
  });

  it.each([
    ['invalid UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'json-encoding'],
    ['a surrogate in UTF-8', new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), 'json-encoding'],
    ['a byte order mark', new Uint8Array([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), 'json-byte-order-mark'],
    ['half a surrogate pair', '{"a":"\\ud83d"}', 'json-character'],
    ['half a surrogate pair before text', '{"a":"\\ud83dx"}', 'json-character'],
    ['the second half alone', '{"a":"\\ude00"}', 'json-character'],
    ['two first halves', '{"a":"\\ud83d\\ud83d"}', 'json-character'],
    ['a raw half of a pair', '{"a":"\ud83d"}', 'json-character'],
    ['a NUL', '{"a":"b\\u0000"}', 'json-character'],
    ['a NUL in a key', '{"\\u0000":1}', 'json-character'],
  ])('refuses %s', (_, source, code) => {
    expect(problem(source)).toMatchObject({ code });
  });

  it('takes a whole surrogate pair, raw or escaped', () => {
    expect(accepted('{"a":"\\ud83d\\ude00","b":"😀"}').value).toEqual({ a: '😀', b: '😀' });
  });
});

describe('numbers', () => {
  it.each([
    '1.00',
    '1e2',
    '-0',
    '-0.0',
    '0.0000001',
    '123456789012345678901234567890',
    '1.0E-3',
    '0.10',
    '100000000000000000000000',
    '1E400',
  ])('keeps %s as it is written', (text) => {
    const { value, exact } = accepted(`{"value":${text},"other":[${text}]}`);
    expect(JSON.stringify(exact)).toBe(`{"value":${text},"other":[${text}]}`);
    expect(value).toEqual({ value: Number(text), other: [Number(text)] });
  });

  it.each(['0', '1', '-1', '1.5', '129.16', '-72.125', '123456789012345', '0.001', '5e-7'])(
    'needs nothing more for %s',
    (text) => {
      const { value, exact } = accepted(`[${text}]`);
      expect(exact).toBe(value);
      expect(JSON.stringify(exact)).toBe(`[${text}]`);
    },
  );

  it('keeps every number of every spelling', () => {
    const spelling = fc.tuple(
      fc.constantFrom('', '-'),
      fc.bigInt(0n, 10n ** 25n).map(String),
      fc.option(fc.stringMatching(/^[0-9]{1,20}$/), { nil: undefined }),
      fc.option(fc.stringMatching(/^[eE][+-]?[0-9]{1,3}$/), { nil: undefined }),
    );
    fc.assert(
      fc.property(spelling, ([sign, whole, fraction, exponent]) => {
        const text = `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${exponent ?? ''}`;
        expect(JSON.stringify(accepted(`{"a":${text}}`).exact)).toBe(`{"a":${text}}`);
      }),
    );
  });

  it('keeps them under keys of any kind and order', () => {
    const { exact } = accepted('{"b":1.0,"2":2.0,"1":3,"__proto__":{"a":4.00},"0":[5.0,6]}');
    expect(JSON.stringify(exact)).toBe('{"0":[5.0,6],"1":3,"2":2.0,"b":1.0,"__proto__":{"a":4.00}}');
    expect(JSON.stringify(accepted('{"__proto__":{"a":4.00},"b":[1,2.0]}').exact)).toBe(
      '{"__proto__":{"a":4.00},"b":[1,2.0]}',
    );
  });

  it('keeps those of any value, whatever stands around them', () => {
    const number = fc.constantFrom('1.0', '2', '3.50', '-0', '1e3', '4.25');
    const tree = fc.letrec<{ node: string }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        number,
        fc.constantFrom('"x"', 'null', 'true'),
        fc.array(tie('node'), { maxLength: 4 }).map((items) => `[${items.join()}]`),
        fc
          .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', '__proto__'), tie('node')), {
            selector: ([key]) => key,
            maxLength: 4,
          })
          .map((members) => `{${members.map(([key, value]) => `"${key}":${value}`).join()}}`),
      ),
    })).node;
    fc.assert(
      fc.property(tree, (text) => expect(JSON.stringify(accepted(text).exact)).toBe(text)),
      { numRuns: 500 },
    );
  });

  it('does not mind numbers in strings', () => {
    const { value, exact } = accepted('{"a":"1.00"}');
    expect(exact).toBe(value);
  });

  it('gives the plain tree of an exact one', () => {
    const { value, exact } = accepted('{"a":[{"b":1.00}],"c":"d"}');
    expect(plainOf(exact)).toEqual(value);
    expect(plainOf(value)).toBe(value);
  });
});

describe('the entries of a bundle', () => {
  it('come from the one parse, each with its exact tree', () => {
    const outcome = parseJson('{"entry":[{"resource":{"v":1.0}},{"resource":{"v":2}}]}');
    if (outcome.problem !== undefined) throw new Error(outcome.problem.code);
    const entries = bundleEntries(outcome);
    expect(entries.map(({ exact }) => JSON.stringify(exact['resource']))).toEqual(['{"v":1.0}', '{"v":2}']);
    expect(entries[0]!.value['resource']).toBe(
      (outcome.value as { entry: { resource: unknown }[] }).entry[0]!.resource,
    );
  });

  it('are none where the bundle is no bundle', () => {
    for (const value of [null, 1, {}, { entry: 1 }]) expect(bundleEntries({ value, exact: value })).toEqual([]);
    expect(bundleEntries({ value: { entry: [null] }, exact: { entry: [null] } })).toEqual([{ value: {}, exact: {} }]);
  });
});
