import { isDeepStrictEqual } from 'node:util';
import { recordFactsOf } from '@anamnesis/contracts';
import type { StoredEvent } from '@anamnesis/event-store';
import type { Position, RecordedFact } from '@anamnesis/kernel';
import type { Document, Operation } from '@anamnesis/read-store';
import { claimStream, streamOfCommand, type Client } from './commands.ts';
import { expectedDocuments, markIn } from './expected.ts';
import { MemoryModel } from './memory-model.ts';
import type { Model } from './parts.ts';

/**
 * Each command's facts stand in the log exactly once if it was accepted, not at all if it was refused. A command that
 * found nothing to do, or was refused, has left nothing that it could be known by: asked again, it is judged anew.
 */
export function checkCommands(clients: readonly Client[], facts: readonly RecordedFact[]): string[] {
  const wrong: string[] = [];
  const byCommand = Map.groupBy(facts, ({ meta }) => meta.command);
  for (const { command, answers } of clients) {
    const stood = byCommand.get(command.id) ?? [];
    if (answers.length === 0) wrong.push(`command ${command.mark} was never answered`);
    const effective = answers.findIndex((answer) => answer.kind === 'done' && answer.done.facts.length > 0);
    if (effective < 0) {
      if (stood.length > 0) wrong.push(`command ${command.mark} was told of no facts, and ${stood.length} of it stand`);
      continue;
    }
    const own = stood.filter(({ stream }) => stream === streamOfCommand(command));
    const claims = stood.filter(({ stream }) => command.claim !== undefined && stream === claimStream(command.claim));
    if (own.length !== 1 || claims.length !== (command.claim === undefined ? 0 : 1) || stood.length > 2) {
      wrong.push(`command ${command.mark} stands in the log with ${own.length} facts and ${claims.length} claims`);
    }
    for (const answer of answers.slice(effective)) {
      if (answer.kind === 'refused')
        wrong.push(`command ${command.mark} was accepted, and refused when it was repeated`);
      else if (answer.done.revision !== own[0]?.revision || answer.done.position < own[0].position) {
        wrong.push(`command ${command.mark} was told of another place in the log`);
      }
    }
  }
  return wrong;
}

/** Versions from 1 without a gap in every stream; one fact in every claim. */
export function checkStreams(facts: readonly RecordedFact[]): string[] {
  const wrong: string[] = [];
  for (const [stream, all] of Map.groupBy(facts, (fact) => fact.stream)) {
    if (stream.startsWith('identifier-') && all.length !== 1) wrong.push(`${stream} was claimed ${all.length} times`);
    const versions = all.map(recordFactsOf).filter((record) => record !== undefined);
    if (versions.some(({ versionId }, index) => versionId !== String(index + 1))) {
      wrong.push(`the versions of ${stream} are ${versions.map(({ versionId }) => versionId).join(', ')}`);
    }
  }
  return wrong;
}

/** What was folded from the log by other means; documents that newer events speak of are not looked at. */
export async function checkModel(model: Model, facts: readonly RecordedFact[], through: Position): Promise<string[]> {
  const wrong: string[] = [];
  for (const { type, id, document, position } of expectedDocuments(facts)) {
    if (position > through) continue;
    const found = await model.get(type, id);
    const told = found && describe(found);
    const expected = document && `${document.version} ${document.mark} ${document.lastUpdated}`;
    if (told !== expected) wrong.push(`the read model says of ${type}/${id}: ${told}; the log says: ${expected}`);
  }
  return wrong;
}

function describe({ body, lastUpdated }: Document): string {
  const { meta } = JSON.parse(body) as { meta: { versionId: string } };
  return `${meta.versionId} ${markIn(body)} ${lastUpdated}`;
}

/** Every document that any operation is about is as one pass over the log, in its order, makes it. */
export async function checkAgainstClean(model: Model, operations: readonly Operation[]): Promise<string[]> {
  const wrong: string[] = [];
  const clean = new MemoryModel();
  await clean.apply(operations, 0);
  const names = new Map<string, { type: string; id: string }>();
  for (const operation of operations) {
    if ('purge' in operation) continue;
    const { type, id } = 'put' in operation ? operation.put : operation.remove;
    names.set(`${type}/${id}`, { type, id });
  }
  for (const [name, { type, id }] of names) {
    const [found, expected] = [await model.get(type, id), await clean.get(type, id)];
    if (!isDeepStrictEqual({ ...found }, { ...expected })) {
      wrong.push(`${name} is not what a clean projection makes of the log`);
    }
  }
  return wrong;
}

/** A group's progress in the bus says that it has handled everything up to there. */
export function checkWitness(log: readonly StoredEvent[], seen: ReadonlySet<Position>, progress: Position): string[] {
  const missed = log.filter(({ position }) => position <= progress && !seen.has(position));
  return missed.length === 0
    ? []
    : [`the bus says ${progress}, and ${missed.length} events up to there were not handled`];
}
