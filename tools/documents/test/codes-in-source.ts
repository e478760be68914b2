import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * The codes of everything in the code that is made like a refusal or a problem: an object with a literal `code` beside
 * a `title` or a `message`, and the first argument of `new Fault`. By code, the first file that has it.
 */
export function codesInSource(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of sources()) {
    const source = ts.createSourceFile(file, readFileSync(`${ROOT}${file}`, 'utf8'), ts.ScriptTarget.Latest, true);
    walk(source, (node) => {
      const code = ts.isObjectLiteralExpression(node)
        ? codeOf(node)
        : ts.isNewExpression(node)
          ? faultOf(node)
          : undefined;
      if (code !== undefined) found.set(code, found.get(code) ?? file);
    });
  }
  return found;
}

const sources = (): string[] =>
  ['libs', 'services'].flatMap((room) =>
    readdirSync(`${ROOT}${room}`, { recursive: true, encoding: 'utf8' })
      .map((file) => `${room}/${file.replaceAll('\\', '/')}`)
      .filter((file) => /^[^/]+\/[^/]+\/src\/.*\.ts$/.test(file)),
  );

function walk(node: ts.Node, seen: (node: ts.Node) => void): void {
  seen(node);
  ts.forEachChild(node, (child) => walk(child, seen));
}

function codeOf(literal: ts.ObjectLiteralExpression): string | undefined {
  const named = new Map(
    literal.properties.filter(ts.isPropertyAssignment).map(({ name, initializer }) => [name.getText(), initializer]),
  );
  const code = named.get('code');
  if (!code || !ts.isStringLiteral(code) || !(named.has('title') || named.has('message'))) return undefined;
  return code.text;
}

function faultOf(made: ts.NewExpression): string | undefined {
  const [code] = made.arguments ?? [];
  return made.expression.getText() === 'Fault' && code && ts.isStringLiteral(code) ? code.text : undefined;
}
