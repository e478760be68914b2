import type { PatchOperation } from './apply-patch.ts';
import { pointerTo } from './pointer.ts';
import { identical, isMembers, type Members } from './tree.ts';

/**
 * The JSON Patch that makes `after` of `before`, field by field. Time linear in their size: of two lists the equal
 * beginning and end are left alone and the rest is compared in order. A number written otherwise counts as changed.
 */
export function diffResources(before: unknown, after: unknown): PatchOperation[] {
  const operations: PatchOperation[] = [];
  compare(before, after, '', operations);
  return operations;
}

function compare(before: unknown, after: unknown, path: string, operations: PatchOperation[]): void {
  if (isMembers(before) && isMembers(after)) compareMembers(before, after, path, operations);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, path, operations);
  else if (!identical(before, after)) operations.push({ op: 'replace', path, value: after });
}

function compareMembers(before: Members, after: Members, path: string, operations: PatchOperation[]): void {
  for (const key of Object.keys(before)) {
    const place = pointerTo(path, key);
    if (Object.hasOwn(after, key)) compare(before[key], after[key], place, operations);
    else operations.push({ op: 'remove', path: place });
  }
  for (const key of Object.keys(after)) {
    if (!Object.hasOwn(before, key)) operations.push({ op: 'add', path: pointerTo(path, key), value: after[key] });
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  path: string,
  operations: PatchOperation[],
): void {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && identical(before[start], after[start])) start += 1;
  let end = 0;
  while (end < shorter - start && identical(before.at(-1 - end), after.at(-1 - end))) end += 1;
  const changed = shorter - start - end;
  for (let i = start; i < start + changed; i += 1) compare(before[i], after[i], pointerTo(path, i), operations);
  for (let i = before.length - end - 1; i >= start + changed; i -= 1) {
    operations.push({ op: 'remove', path: pointerTo(path, i) });
  }
  for (let i = start + changed; i < after.length - end; i += 1) {
    operations.push({ op: 'add', path: pointerTo(path, i), value: after[i] });
  }
}
