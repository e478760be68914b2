import { RESOURCE_TYPES } from '../generated/resource-types.ts';

export type ResourceType = (typeof RESOURCE_TYPES)[number];

const types: ReadonlySet<string> = new Set(RESOURCE_TYPES);

export const isResourceType = (name: unknown): name is ResourceType => typeof name === 'string' && types.has(name);

export { RESOURCE_TYPES };
