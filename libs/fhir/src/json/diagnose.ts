import { isElementName } from '../model/element-names.ts';
import type { JsonProblemCode } from './parse-json.ts';
import { hex4 } from './scan.ts';

interface Place {
  readonly line: number;
  readonly column: number;
  readonly expression?: string;
}

export interface Diagnosis {
  readonly code: JsonProblemCode;
  readonly where: Place;
}

interface Frame {
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const LITERAL = /true|false|null/y;
const WHITE = /[ \t\n\r]*/y;

/**
 * Reads a text that was refused once more, slowly, and says where its first fault is.
 * Answers undefined when it finds none. Iterative, so hostile nesting costs no stack.
 */
export function diagnose(text: string, maxDepth: number): Diagnosis | undefined {
  return new Reader(text, maxDepth).read();
}

class Reader {
  private at = 0;
  private readonly frames: Frame[] = [];
  private resourceType: string | undefined;

  private readonly text: string;
  private readonly maxDepth: number;

  constructor(text: string, maxDepth: number) {
    this.text = text;
    this.maxDepth = maxDepth;
  }

  read(): Diagnosis | undefined {
    if (this.text.charCodeAt(0) === 0xfeff) return this.fault('json-byte-order-mark');
    let wantsValue = true;
    for (;;) {
      this.skip(WHITE);
      const code: boolean | JsonProblemCode | undefined = wantsValue ? this.value() : this.after();
      if (typeof code === 'string') return this.fault(code);
      if (code === undefined) {
        this.skip(WHITE);
        return this.at === this.text.length ? undefined : this.fault('json-syntax');
      }
      wantsValue = code;
    }
  }

  /** Reads one value, or the opening of one. True: a value must follow; false: a value is complete. */
  private value(): boolean | JsonProblemCode | undefined {
    const c = this.text[this.at];
    if (c === '{' || c === '[') return this.open(c);
    if (c === '"') return typeof this.string() === 'string' ? this.complete() : this.stringFault;
    if (!this.skip(NUMBER) && !this.skip(LITERAL)) return 'json-syntax';
    return this.complete();
  }

  private open(c: '{' | '['): boolean | JsonProblemCode | undefined {
    if (this.frames.length === this.maxDepth) return 'json-depth';
    this.at += 1;
    this.skip(WHITE);
    const close = c === '{' ? '}' : ']';
    if (this.text[this.at] === close) {
      this.at += 1;
      return this.complete();
    }
    this.frames.push({ keys: c === '{' ? new Set() : undefined, key: '', index: 0 });
    return c === '{' ? this.member() : true;
  }

  /** Reads `"key" :` of an object. */
  private member(): true | JsonProblemCode {
    const frame = this.frames.at(-1)!;
    this.skip(WHITE);
    const start = this.at;
    if (this.text[this.at] !== '"') return 'json-syntax';
    const key = this.string();
    if (key === undefined) return this.stringFault;
    if (frame.keys!.has(key)) {
      this.at = start;
      return 'json-duplicate-key';
    }
    frame.keys!.add(key);
    frame.key = key;
    this.skip(WHITE);
    if (this.text[this.at] !== ':') return 'json-syntax';
    this.at += 1;
    if (key === 'resourceType' && this.frames.length === 1) this.noteResourceType();
    return true;
  }

  /** After a value: a comma, or the end of what encloses it. */
  private after(): boolean | JsonProblemCode | undefined {
    const frame = this.frames.at(-1)!;
    const c = this.text[this.at];
    if (c === ',') {
      this.at += 1;
      frame.index += 1;
      return frame.keys === undefined ? true : this.member();
    }
    if (c !== (frame.keys === undefined ? ']' : '}')) return 'json-syntax';
    this.at += 1;
    this.frames.pop();
    return this.complete();
  }

  private complete(): false | undefined {
    return this.frames.length === 0 ? undefined : false;
  }

  private stringFault: JsonProblemCode = 'json-syntax';

  /** The string at the cursor, decoded; undefined when it is faulty, with the cursor on the fault. */
  private string(): string | undefined {
    const start = this.at;
    this.stringFault = 'json-syntax';
    this.at += 1;
    while (this.at < this.text.length) {
      const c = this.text.charCodeAt(this.at);
      if (c === 0x22) {
        this.at += 1;
        const decoded = JSON.parse(this.text.slice(start, this.at)) as string;
        if (decoded.isWellFormed() && !decoded.includes('\0')) return decoded;
        this.stringFault = 'json-character';
        this.at = start;
        return undefined;
      }
      if (c < 0x20) return undefined;
      if (c !== 0x5c) this.at += 1;
      else if (this.text[this.at + 1] === 'u' && hex4(this.text, this.at + 2) >= 0) this.at += 6;
      else if (/["\\/bfnrt]/.test(this.text[this.at + 1] ?? '')) this.at += 2;
      else return undefined;
    }
    return undefined;
  }

  private skip(token: RegExp): boolean {
    token.lastIndex = this.at;
    if (!token.test(this.text)) return false;
    this.at = token.lastIndex;
    return true;
  }

  private noteResourceType(): void {
    const found = /^[ \t\n\r]*"([A-Z][A-Za-z]{0,63})"/.exec(this.text.slice(this.at, this.at + 100));
    this.resourceType = found?.[1];
  }

  private fault(code: JsonProblemCode): Diagnosis {
    const before = this.text.slice(0, this.at);
    const line = before.split('\n').length;
    const column = this.at - (before.lastIndexOf('\n') + 1) + 1;
    const expression = this.expression();
    return { code, where: { line, column, ...(expression === undefined ? {} : { expression }) } };
  }

  /** Only element names that FHIR could have are told; any other key may be somebody's data. */
  private expression(): string | undefined {
    let path = this.resourceType;
    if (path === undefined) return undefined;
    for (const frame of this.frames.slice(0, -1)) {
      if (frame.keys === undefined) path += `[${frame.index}]`;
      else if (isElementName(frame.key)) path += `.${frame.key}`;
      else return path;
    }
    return path;
  }
}
