import { ownerOf } from '@anamnesis/contracts';
import { problem } from './problem.ts';
import type { FhirRequest } from './exchange.ts';

/** What a request asks for, by method and path (R4 http.html#summary). */
export type Interaction =
  | { readonly kind: 'metadata' }
  | { readonly kind: 'read'; readonly type: string; readonly id: string }
  | { readonly kind: 'vread'; readonly type: string; readonly id: string; readonly versionId: string }
  | { readonly kind: 'history'; readonly type?: string; readonly id?: string }
  | { readonly kind: 'search'; readonly type?: string }
  | { readonly kind: 'create'; readonly type: string }
  | { readonly kind: 'update' | 'patch' | 'delete'; readonly type: string; readonly id: string }
  | { readonly kind: 'conditional-update' | 'conditional-patch' | 'conditional-delete'; readonly type: string }
  | { readonly kind: 'bundle' }
  | { readonly kind: 'operation'; readonly name: string; readonly type?: string; readonly id?: string };

/** R4 datatypes.html#id. */
const ID = /^[A-Za-z0-9\-.]{1,64}$/;
const OPERATION = /^\$[a-z][a-z-]{0,40}$/;

/** Reads the interaction off a request; throws 400, 404 or 405 with a constant text. */
export function interactionOf({ method, path }: Pick<FhirRequest, 'method' | 'path'>): Interaction {
  const parts = path.split('/').filter((part) => part !== '');
  const verb = method === 'HEAD' ? 'GET' : method;
  const [first, second] = parts;
  if (first === undefined) return verb === 'POST' ? { kind: 'bundle' } : only(verb === 'GET', { kind: 'search' });
  if (first === 'metadata') return only(verb === 'GET' && parts.length === 1, { kind: 'metadata' });
  if (first === '_history') return only(verb === 'GET' && parts.length === 1, { kind: 'history' });
  if (first === '_search') return only(verb === 'POST' && parts.length === 1, { kind: 'search' });
  if (OPERATION.test(first)) return only(parts.length === 1, { kind: 'operation', name: first });
  if (!ownerOf(first)) throw problem(404, 'not-supported', 'There is no such FHIR R4 resource type.');
  if (second === undefined) return onType(verb, first);
  return onInstance(verb, first, second, parts.slice(2));
}

function onType(verb: string, type: string): Interaction {
  switch (verb) {
    case 'GET':
      return { kind: 'search', type };
    case 'POST':
      return { kind: 'create', type };
    case 'PUT':
      return { kind: 'conditional-update', type };
    case 'PATCH':
      return { kind: 'conditional-patch', type };
    default:
      return { kind: 'conditional-delete', type };
  }
}

function onInstance(verb: string, type: string, second: string, rest: readonly string[]): Interaction {
  if (second === '_history') return only(verb === 'GET' && rest.length === 0, { kind: 'history', type });
  if (second === '_search') return only(verb === 'POST' && rest.length === 0, { kind: 'search', type });
  if (OPERATION.test(second)) return only(rest.length === 0, { kind: 'operation', name: second, type });
  const id = idOf(second);
  const [third, fourth] = rest;
  if (third === undefined) return instance(verb, type, id);
  if (third === '_history') {
    if (fourth === undefined) return only(verb === 'GET', { kind: 'history', type, id });
    return only(verb === 'GET' && rest.length === 2, { kind: 'vread', type, id, versionId: idOf(fourth) });
  }
  if (OPERATION.test(third)) return only(rest.length === 1, { kind: 'operation', name: third, type, id });
  throw problem(404, 'not-found', 'There is nothing at this path.');
}

function instance(verb: string, type: string, id: string): Interaction {
  switch (verb) {
    case 'GET':
      return { kind: 'read', type, id };
    case 'PUT':
      return { kind: 'update', type, id };
    case 'PATCH':
      return { kind: 'patch', type, id };
    case 'DELETE':
      return { kind: 'delete', type, id };
    default:
      throw problem(405, 'not-supported', 'This method is not allowed here.');
  }
}

/** A FHIR id; throws 400 for what cannot be one. */
export function idOf(text: string): string {
  if (!ID.test(text)) {
    throw problem(400, 'value', 'An id is 1 to 64 characters of A-Z, a-z, 0-9, "-" and ".".');
  }
  return text;
}

function only(allowed: boolean, interaction: Interaction): Interaction {
  if (!allowed) throw problem(405, 'not-supported', 'This method or path is not allowed here.');
  return interaction;
}
