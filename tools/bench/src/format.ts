export const whole = (value: number): string =>
  Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : 'never';
export const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
export const sec = (value: number): string => (Number.isFinite(value) ? `${value.toFixed(2)} s` : 'never');
export const mebibytes = (bytes: number): string => `${whole(bytes / 1_048_576)} MiB`;
