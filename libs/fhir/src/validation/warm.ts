import { RESOURCE_TYPES } from '../model/resource-type.ts';
import { planOf } from './plan.ts';

/** Makes the plans of the given types, or of all, ahead of their first use; some milliseconds for all. */
export function warmValidation(types: readonly string[] = RESOURCE_TYPES): void {
  const waiting = [...types];
  const done = new Set<string>();
  for (let type = waiting.pop(); type !== undefined; type = waiting.pop()) {
    if (done.has(type)) continue;
    done.add(type);
    for (const { kind, type: inner } of planOf(type)?.slots.values() ?? []) if (kind === 'complex') waiting.push(inner);
  }
}
