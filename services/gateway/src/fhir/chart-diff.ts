import { parseJson } from '@anamnesis/fhir/json';
import { diffResources } from '@anamnesis/fhir/patch';
import type { ResourceVersion } from './resource-version.ts';

/**
 * What changed between two states of a chart, as FHIR Parameters: `added` with its content, `changed` with the JSON
 * Patch operations that make the later version of the earlier one, `removed`. Decimals keep their lexical form, and
 * one that is written otherwise counts as changed.
 */
export function diffParameters(before: readonly ResourceVersion[], after: readonly ResourceVersion[]): string {
  const earlier = new Map(before.map((version) => [version.stream, version]));
  const later = new Set(after.map(({ stream }) => stream));
  const parameter: unknown[] = [];
  for (const version of after) {
    const old = earlier.get(version.stream);
    if (old?.versionId === version.versionId) continue;
    parameter.push(old ? changed(old, version) : { name: 'added', part: [named(version), whole(version)] });
  }
  for (const version of before) {
    if (!later.has(version.stream)) parameter.push({ name: 'removed', part: [named(version)] });
  }
  return JSON.stringify({ resourceType: 'Parameters', ...(parameter.length > 0 && { parameter }) });
}

interface Stamped {
  readonly meta: Readonly<Record<string, unknown>>;
}

const exactly = ({ text }: ResourceVersion): unknown => {
  const parsed = parseJson(text!);
  if (parsed.problem) throw new TypeError('a stored version is no JSON');
  return parsed.exact;
};

/** As the client stated it: version and time differ between any two versions, and no patch may set them. */
function unstamped(version: ResourceVersion): unknown {
  const resource = exactly(version) as Stamped;
  const { versionId: _, lastUpdated: __, ...meta } = resource.meta;
  return { ...resource, meta };
}

const named = ({ type, id }: ResourceVersion) => ({
  name: 'resource',
  valueReference: { reference: `${type}/${id}` },
});

const whole = (version: ResourceVersion) => ({ name: 'content', resource: exactly(version) });

function changed(old: ResourceVersion, version: ResourceVersion) {
  const operations = diffResources(unstamped(old), unstamped(version)).map((operation) => ({
    name: 'operation',
    part: Object.entries(operation).map(([name, value]) => ({
      name,
      valueString: name === 'value' ? JSON.stringify(value) : String(value),
    })),
  }));
  const versions = [
    { name: 'from', valueString: old.versionId },
    { name: 'to', valueString: version.versionId },
  ];
  return { name: 'changed', part: [named(version), ...versions, ...operations] };
}
