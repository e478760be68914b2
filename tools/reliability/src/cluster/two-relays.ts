import type { ServiceProcess } from '@anamnesis/stack';
import type { Field } from './field.ts';
import type { RelayAnswer } from './lag.ts';

const TURN_LIMIT_MS = 150_000;

/**
 * The relay at work is stopped in the midst of it, the other takes its turn, and the first wakes up believing that it
 * still has it; then the one at work is killed.
 */
export async function twoRelays(field: Field): Promise<void> {
  const all = field.processes('relay');
  if (all.length < 2) throw new Error('this stack has one relay only');
  const first = await atWork(field, all);
  first.pause();
  try {
    const second = await atWork(
      field,
      all.filter((one) => one !== first),
    );
    field.tell(`relay-${second.number} took the turn of relay-${first.number}`);
    await field.progress(10, 'while the first relay is stopped');
  } finally {
    first.resume();
  }
  await field.progress(10, 'after the first relay went on');
  const now = await atWork(field, all);
  await now.kill();
  await atWork(
    field,
    all.filter((one) => one !== now),
  );
  await now.restart();
}

/** The relay that has the turn, of these. */
function atWork(field: Field, of: readonly ServiceProcess[]): Promise<ServiceProcess> {
  return field.until('a relay to be at work', TURN_LIMIT_MS, async () => {
    for (const one of of) {
      if ((await field.told<RelayAnswer>('/admin/relay', field.at(one))).state === 'relaying') return one;
    }
    return undefined;
  });
}
