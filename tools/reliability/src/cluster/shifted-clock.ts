import { isMainThread } from 'node:worker_threads';

/**
 * Loaded ahead of a service (`node --import`): SIGUSR2 puts its clock a minute ahead, the next SIGUSR2 back. Only what
 * asks `Date` is shifted; timers and the clocks of other threads and processes go on as they are.
 */
const MINUTE = 60_000;
const real = Date;
let ahead = 0;

globalThis.Date = new Proxy(real, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [real.now() + ahead] : args, newTarget) as Date,
  get: (target, name) => (name === 'now' ? () => real.now() + ahead : (Reflect.get(target, name) as unknown)),
});

if (isMainThread) process.on('SIGUSR2', () => (ahead = ahead === 0 ? MINUTE : 0));
