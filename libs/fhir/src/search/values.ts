/**
 * How each FHIR type becomes entries of each kind of parameter (R4 search 3.1.1.4.5 to 3.1.1.4.13). Resources have been
 * validated before they are stored; whatever still has an unexpected shape is passed over, never thrown at.
 */
import { dateInterval } from './dates.ts';
import type { Interval } from './dates.ts';
import { numberOf } from './numbers.ts';
import type { Leaf, SearchKind } from './parameters.ts';
import { pointer, targetType, versionless } from './references.ts';
import type { EntryName, Sink } from './sink.ts';
import { sampledInterval } from './sampled-data.ts';

/** A JSON object of a resource. */
export type Element = Readonly<Record<string, unknown>>;
export type Emit = (value: unknown, names: readonly EntryName[], sink: Sink) => void;

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
export const isElement = (value: unknown): value is Element =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];
const elements = (value: unknown): Element[] => listOf(value).filter(isElement);

/** The emitter for a leaf of a parameter of this kind; undefined when the kind has no values of that type. */
export function emitterOf(kind: SearchKind, leaf: Leaf): Emit | undefined {
  if (kind === 'token' && leaf.type === 'code') return codeEmitter(leaf.system ?? '');
  if (kind === 'reference' && leaf.type === 'Reference') return referenceEmitter(leaf.only);
  return EMITTERS[kind]?.[leaf.type] ?? EMITTERS[kind]?.['*'];
}

function emitToken(names: readonly EntryName[], sink: Sink, system: unknown, code: unknown): void {
  const value = text(code);
  const space = text(system) ?? '';
  if (value === undefined && space === '') return;
  for (const { name, foldCase } of names)
    sink.token(name, space, value === undefined ? '' : foldCase ? value.toLowerCase() : value);
}

function emitText(names: readonly EntryName[], sink: Sink, value: unknown): void {
  const words = text(value);
  if (words === undefined) return;
  for (const { text: name } of names) if (name !== undefined) sink.string(name, words);
}

function coding(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  emitToken(names, sink, value.system, value.code);
  emitText(names, sink, value.display);
}

function codeableConcept(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  for (const one of listOf(value.coding)) coding(one, names, sink);
  emitText(names, sink, value.text);
}

function identifier(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  emitToken(names, sink, value.system, value.value);
  if (!isElement(value.type)) return;
  emitText(names, sink, value.type.text);
  for (const type of elements(value.type.coding)) emitOfType(type, value.value, names, sink);
}

function emitOfType(type: Element, value: unknown, names: readonly EntryName[], sink: Sink): void {
  const code = text(type.code);
  const known = text(value);
  if (code === undefined || known === undefined) return;
  for (const { ofType } of names)
    if (ofType !== undefined) sink.token(ofType, text(type.system) ?? '', ofTypeCode(code, known));
}

/** The code of a `:of-type` entry: the identifier type's code and the value; a bar in the code is escaped. */
export const ofTypeCode = (code: string, value: string): string =>
  `${code.replace(/[\\|]/g, '\\$&')}|${value}`.toLowerCase();

function boolean(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (typeof value === 'boolean') emitToken(names, sink, '', String(value));
}

/** Patient.deceased.exists() and Patient.deceased != false: always has a value. */
function deceased(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  const dead = value.deceasedDateTime !== undefined || value.deceasedBoolean === true;
  emitToken(names, sink, '', String(dead));
}

const codeEmitter =
  (system: string): Emit =>
  (value, names, sink) => {
    if (text(value) !== undefined) emitToken(names, sink, system, value);
  };

function string(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const words = text(value);
  if (words !== undefined) for (const { name } of names) sink.string(name, words);
}

const NAME_PARTS = ['text', 'family', 'given', 'prefix', 'suffix'] as const;
const ADDRESS_PARTS = ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country'] as const;

function parts(value: unknown, members: readonly string[], names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  for (const member of members) for (const part of listOf(value[member])) string(part, names, sink);
}

/** Each part, and the whole as it is spoken, so that "Peter James" is found as well. */
function humanName(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  parts(value, NAME_PARTS, names, sink);
  const whole = [...listOf(value.given), value.family].filter((part) => text(part) !== undefined);
  if (whole.length > 1) string(whole.join(' '), names, sink);
}

function emitRange(interval: Interval | undefined, names: readonly EntryName[], sink: Sink): void {
  if (interval) for (const { name } of names) sink.range(name, interval[0], interval[1]);
}

const dateOf = (value: unknown): Interval | undefined => (typeof value === 'string' ? dateInterval(value) : undefined);

/** A period without a start or an end is open on that side. */
function periodInterval(value: unknown): Interval | undefined {
  if (!isElement(value) || (value.start === undefined && value.end === undefined)) return undefined;
  return [dateOf(value.start)?.[0] ?? -Infinity, dateOf(value.end)?.[1] ?? Infinity];
}

/** Only the outer limits of a schedule count (R4 search 3.1.1.4.7). */
function timing(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  const bounds = isElement(value.repeat) ? periodInterval(value.repeat.boundsPeriod) : undefined;
  const all = [...listOf(value.event).map(dateOf), bounds].filter((one) => one !== undefined);
  if (all.length > 0)
    emitRange([Math.min(...all.map(([low]) => low)), Math.max(...all.map(([, high]) => high))], names, sink);
}

/** A stored number stands for itself: implied precision belongs to the number asked for (R4 search 3.1.1.4.6). */
function number(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const plain = numberOf(value);
  if (plain !== undefined) for (const { name } of names) sink.range(name, plain, plain);
}

/** One entry by code, one more by the unit as people read it, so that `5.4||mg` finds either (R4 search 3.1.1.4.11). */
function emitQuantity(interval: Interval, of: Element, names: readonly EntryName[], sink: Sink): void {
  const code = text(of.code) ?? '';
  const unit = text(of.unit);
  for (const { name } of names) {
    sink.quantity(name, interval[0], interval[1], text(of.system) ?? '', code);
    if (unit !== undefined && unit !== code) sink.quantity(name, interval[0], interval[1], '', unit);
  }
}

function quantity(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const plain = isElement(value) ? numberOf(value.value) : undefined;
  if (!isElement(value) || plain === undefined) return;
  const comparator = text(value.comparator) ?? '';
  emitQuantity(
    [comparator.startsWith('<') ? -Infinity : plain, comparator.startsWith('>') ? Infinity : plain],
    value,
    names,
    sink,
  );
}

function money(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const plain = isElement(value) ? numberOf(value.value) : undefined;
  if (!isElement(value) || plain === undefined) return;
  emitQuantity([plain, plain], { system: 'urn:iso:std:iso:4217', code: value.currency }, names, sink);
}

function range(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  const low = isElement(value.low) ? value.low : undefined;
  const high = isElement(value.high) ? value.high : undefined;
  const from = numberOf(low?.value);
  const to = numberOf(high?.value);
  if (from === undefined && to === undefined) return;
  emitQuantity([from ?? -Infinity, to ?? Infinity], low ?? high ?? {}, names, sink);
}

function sampledData(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const interval = isElement(value) ? sampledInterval(value) : undefined;
  if (interval && isElement(value) && isElement(value.origin)) emitQuantity(interval, value.origin, names, sink);
}

const referenceEmitter =
  (only: string | undefined): Emit =>
  (value, names, sink) => {
    if (!isElement(value)) return;
    const to = typeof value.reference === 'string' ? pointer(value.reference, sink.ownBases) : undefined;
    if (only !== undefined && ((to && targetType(to)) ?? text(value.type)) !== only) return;
    if (to) for (const { name } of names) sink.reference(name, to.type, to.id);
    else if (typeof value.reference === 'string' && value.reference.startsWith('#')) contained(names, sink);
    if (isElement(value.identifier)) emitIdentifier(value.identifier, names, sink);
  };

/** A contained resource has no address of its own; the entry says that the parameter is not missing. */
function contained(names: readonly EntryName[], sink: Sink): void {
  for (const { name } of names) sink.reference(name, '', '#');
}

function emitIdentifier(value: Element, names: readonly EntryName[], sink: Sink): void {
  const code = text(value.value);
  if (code === undefined) return;
  for (const { identifier: name } of names)
    if (name !== undefined) sink.token(name, text(value.system) ?? '', code.toLowerCase());
}

/** A canonical is found with its version and without. */
function canonical(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const whole = text(value);
  const to = whole === undefined ? undefined : pointer(whole, sink.ownBases);
  if (!to) return;
  for (const { name } of names) {
    sink.reference(name, to.type, to.id);
    if (to.type === '') sink.reference(name, '', versionless(to.id));
  }
}

/** A resource inside a Bundle, for Bundle.composition and Bundle.message. */
function inlineResource(value: unknown, names: readonly EntryName[], sink: Sink): void {
  if (!isElement(value)) return;
  const type = text(value.resourceType);
  const id = text(value.id);
  if (type !== undefined && id !== undefined) for (const { name } of names) sink.reference(name, type, id);
}

function uri(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const whole = text(value);
  if (whole !== undefined) for (const { name } of names) sink.uri(name, whole);
}

function canonicalUri(value: unknown, names: readonly EntryName[], sink: Sink): void {
  uri(value, names, sink);
  if (typeof value === 'string') uri(versionless(value), names, sink);
}

/** Location.position: the two coordinates as one composite value (see the query side, `near`). */
function position(value: unknown, names: readonly EntryName[], sink: Sink): void {
  const latitude = isElement(value) ? numberOf(value.latitude) : undefined;
  const longitude = isElement(value) ? numberOf(value.longitude) : undefined;
  if (latitude === undefined || longitude === undefined) return;
  for (const { name } of names) {
    sink.composite([
      () => sink.range(`${name}$latitude`, latitude, latitude),
      () => sink.range(`${name}$longitude`, longitude, longitude),
    ]);
  }
}

const plainToken: Emit = (value, names, sink) => emitToken(names, sink, '', value);
const contactPoint: Emit = (value, names, sink) =>
  isElement(value) ? emitToken(names, sink, '', value.value) : undefined;

/** By kind, then by element type; `*` for every other type that the generated table lets through. */
const EMITTERS: Readonly<Partial<Record<SearchKind, Readonly<Record<string, Emit>>>>> = {
  token: {
    Coding: coding,
    CodeableConcept: codeableConcept,
    Identifier: identifier,
    ContactPoint: contactPoint,
    boolean,
    deceased,
    '*': plainToken,
  },
  string: {
    HumanName: humanName,
    Address: (value, names, sink) => parts(value, ADDRESS_PARTS, names, sink),
    '*': string,
  },
  date: {
    Period: (value, names, sink) => emitRange(periodInterval(value), names, sink),
    Timing: timing,
    '*': (value, names, sink) => emitRange(dateOf(value), names, sink),
  },
  number: { '*': number },
  quantity: { Money: money, Range: range, SampledData: sampledData, '*': quantity },
  reference: { Resource: inlineResource, '*': canonical },
  uri: { canonical: canonicalUri, '*': uri },
  special: { '*': position },
};
