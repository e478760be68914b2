/** Reads FHIRPath (the R4 build of 2.0.0) into a tree. The whole expression grammar, without date literals. */
export type Node =
  | { readonly kind: 'literal'; readonly value: string | number | boolean }
  | { readonly kind: 'none' }
  | { readonly kind: 'this' }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'member'; readonly of: Node | undefined; readonly name: string }
  | { readonly kind: 'call'; readonly of: Node | undefined; readonly name: string; readonly args: readonly Node[] }
  | { readonly kind: 'index'; readonly of: Node; readonly at: Node }
  | { readonly kind: 'type'; readonly operator: 'is' | 'as'; readonly of: Node; readonly type: string }
  | { readonly kind: 'negative'; readonly of: Node }
  | { readonly kind: 'binary'; readonly operator: string; readonly left: Node; readonly right: Node };

/** The expression is not FHIRPath, or uses a part of it that is not supported. Never about data. */
export class UnsupportedExpression extends Error {
  override readonly name = 'UnsupportedExpression';
}

const TOKEN =
  /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<text>'(?:[^'\\]|\\.)*')|(?<quoted>`[^`]*`|"[^"]*")|(?<variable>%(?:\w+|`[^`]*`|'[^']*'))|(?<special>\$\w+)|(?<word>[A-Za-z_]\w*)|(?<symbol><=|>=|!=|!~|[=~<>|+\-&*/().,[\]{}]))/y;

/** Binary operators from the loosest to the tightest (FHIRPath 6.8); `is` and `as` stand between `|` and `+`. */
const LEVELS: readonly (readonly string[])[] = [
  ['implies'],
  ['or', 'xor'],
  ['and'],
  ['in', 'contains'],
  ['=', '~', '!=', '!~'],
  ['<=', '<', '>', '>='],
  ['|'],
  ['is', 'as'],
  ['+', '-', '&'],
  ['*', '/', 'div', 'mod'],
];

interface Token {
  readonly kind: 'number' | 'text' | 'quoted' | 'variable' | 'special' | 'word' | 'symbol' | 'end';
  readonly text: string;
}

export function parseExpression(source: string): Node {
  const parser = new Parser(tokens(source));
  const node = parser.expression(0);
  parser.expect('');
  return node;
}

function tokens(source: string): Token[] {
  const found: Token[] = [];
  const text = source.trimEnd();
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const groups = TOKEN.exec(text)?.groups;
    const [kind, part] = Object.entries(groups ?? {}).find(([, value]) => value !== undefined) ?? [];
    if (kind === undefined || part === undefined) throw new UnsupportedExpression(`not FHIRPath: ${source}`);
    found.push({ kind: kind as Token['kind'], text: part });
  }
  return [...found, { kind: 'end', text: '' }];
}

class Parser {
  private at = 0;
  private readonly list: readonly Token[];

  constructor(list: readonly Token[]) {
    this.list = list;
  }

  expression(level: number): Node {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    let left = this.expression(level + 1);
    while (operators.includes(this.peek().text) && (this.peek().kind === 'symbol' || this.peek().kind === 'word')) {
      const operator = this.next().text;
      if (operator === 'is' || operator === 'as') left = { kind: 'type', operator, of: left, type: this.typeName() };
      else left = { kind: 'binary', operator, left, right: this.expression(level + 1) };
    }
    return left;
  }

  expect(text: string): void {
    const token = this.next();
    if (token.text !== text) throw new UnsupportedExpression(`expected "${text}", found "${token.text}"`);
  }

  private unary(): Node {
    if (this.peek().text === '-') {
      this.next();
      return { kind: 'negative', of: this.unary() };
    }
    let node = this.term();
    for (;;) {
      const { text } = this.peek();
      if (text === '.') {
        this.next();
        node = this.invocation(node);
      } else if (text === '[') {
        this.next();
        node = { kind: 'index', of: node, at: this.expression(0) };
        this.expect(']');
      } else {
        return node;
      }
    }
  }

  private term(): Node {
    const token = this.peek();
    if (token.kind === 'word' && (token.text === 'true' || token.text === 'false')) {
      this.next();
      return { kind: 'literal', value: token.text === 'true' };
    }
    if (token.kind === 'word' || token.kind === 'quoted') return this.invocation(undefined);
    this.next();
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.kind === 'text') return { kind: 'literal', value: unescape(token.text) };
    if (token.kind === 'variable') return { kind: 'variable', name: token.text.slice(1).replace(/[`']/g, '') };
    if (token.text === '$this') return { kind: 'this' };
    if (token.text === '(') {
      const inner = this.expression(0);
      this.expect(')');
      return inner;
    }
    if (token.text === '{') {
      this.expect('}');
      return { kind: 'none' };
    }
    throw new UnsupportedExpression(`unexpected "${token.text}"`);
  }

  private invocation(of: Node | undefined): Node {
    const token = this.next();
    if (token.kind === 'special' && token.text === '$this') return { kind: 'this' };
    if (token.kind !== 'word' && token.kind !== 'quoted') throw new UnsupportedExpression(`unexpected "${token.text}"`);
    const name = token.kind === 'quoted' ? token.text.slice(1, -1) : token.text;
    if (this.peek().text !== '(' || this.peek().kind !== 'symbol') return { kind: 'member', of, name };
    this.next();
    const args: Node[] = [];
    while (this.peek().text !== ')') {
      if (args.length > 0) this.expect(',');
      args.push(this.expression(0));
    }
    this.next();
    return { kind: 'call', of, name, args };
  }

  private typeName(): string {
    let name = this.next().text;
    while (this.peek().text === '.') {
      this.next();
      name = this.next().text; // a namespace (`FHIR.`, `System.`) says nothing more here
    }
    return name;
  }

  private peek(): Token {
    return this.list[this.at]!;
  }

  private next(): Token {
    const token = this.list[this.at]!;
    if (token.kind !== 'end') this.at += 1;
    return token;
  }
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', f: '\f' };

function unescape(text: string): string {
  return text
    .slice(1, -1)
    .replace(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escape: string) =>
      escape.length === 5 ? String.fromCharCode(parseInt(escape.slice(1), 16)) : (ESCAPES[escape] ?? escape),
    );
}
