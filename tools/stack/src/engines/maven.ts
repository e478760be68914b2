import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from './log.ts';
import { MAVEN_DEPENDENCY_PLUGIN } from './pinned.ts';
import { needProgram } from './programs.ts';
import { runInstaller } from './run-installer.ts';

export interface Dependency {
  readonly group: string;
  readonly artifact: string;
  readonly version: string;
}

/** Copies what the dependencies need at run time into `<folder>/libs`. The machine's settings say from where. */
export async function copyDependencies(folder: string, dependencies: readonly Dependency[], log: Log): Promise<string> {
  const libs = join(folder, 'libs');
  await writeFile(join(folder, 'pom.xml'), pomOf(dependencies));
  await maven(folder, 'copy-dependencies', ['-DincludeScope=runtime', `-DoutputDirectory=${libs}`], log);
  return libs;
}

/** Copies one artifact (`group:artifact:version:type`) into the folder. */
export async function copyArtifact(folder: string, artifact: string, log: Log): Promise<void> {
  await maven(folder, 'copy', [`-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`], log);
}

async function maven(folder: string, goal: string, args: readonly string[], log: Log): Promise<void> {
  const command = needProgram('mvn', 'Fetching Kafka and Keycloak');
  const all = ['--batch-mode', '--no-transfer-progress', `${MAVEN_DEPENDENCY_PLUGIN}:${goal}`, ...args];
  await runInstaller({ name: `mvn ${goal}`, command, args: all, folder, log });
}

const pomOf = (dependencies: readonly Dependency[]): string => `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>anamnesis.engines</groupId>
  <artifactId>engine</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
${dependencies
  .map(
    ({ group, artifact, version }) =>
      `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`,
  )
  .join('\n')}
  </dependencies>
</project>
`;
