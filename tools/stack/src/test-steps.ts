import { globSync } from 'node:fs';
import { dirname } from 'node:path';

/** The package folders that have suites for real engines, relative to the repository. */
export function packagesWithStackSpecs(root: string): readonly string[] {
  const specs = globSync('{libs,services,tools}/*/test/**/*.stack.spec.ts', { cwd: root });
  return [...new Set(specs.map(packageOf))].sort();
}

function packageOf(spec: string): string {
  const [room, name] = dirname(spec).split(/[/\\]/);
  return `${room}/${name}`;
}

/** The step of a package's suites is named for the package. */
export const stepsOf = (packages: readonly string[]): readonly string[] => [...packages, E2E];

export const E2E = 'e2e';

export type AskedSteps = { readonly steps: readonly string[] } | { readonly wrong: string };

/** Those steps that the arguments name; all when they name none. `libs/event-bus` is also `event-bus`. */
export function stepsAsked(args: readonly string[], all: readonly string[]): AskedSteps {
  if (args.length === 0) return { steps: all };
  const chosen = args.map((name) => all.find((step) => step === name || step.split('/')[1] === name));
  const unknown = args.filter((_, index) => chosen[index] === undefined);
  if (unknown.length > 0) return { wrong: `no such step: ${unknown.join(', ')}; there are ${all.join(', ')}` };
  return { steps: all.filter((step) => chosen.includes(step)) };
}
