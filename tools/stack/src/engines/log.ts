/** Takes a line of progress. */
export type Log = (line: string) => void;

const began = performance.now();

/** Progress to stderr, with the seconds since this process began. */
export const toStderr: Log = (line) => {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  process.stderr.write(`[${seconds.padStart(6)} s] ${line}\n`);
};
