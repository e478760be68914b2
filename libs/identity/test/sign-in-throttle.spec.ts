import { describe, expect, it } from '@jest/globals';
import { SignInThrottle } from '../src/embedded/sign-in-throttle.ts';

const MINUTE = 60_000;

function throttleAt(clock: { now: number }): SignInThrottle {
  return new SignInThrottle(
    (name) => name === 'nurse',
    () => clock.now,
  );
}

function fail(throttle: SignInThrottle, name: string, times: number): void {
  for (let time = 0; time < times; time += 1) throttle.attempt(name);
}

describe('the sign-in throttle', () => {
  it('lets five attempts pass, then a minute, then twice as long each time, up to fifteen', () => {
    const clock = { now: 0 };
    const throttle = throttleAt(clock);
    fail(throttle, 'nurse', 5);
    const waits = [];
    for (let round = 0; round < 6; round += 1) {
      const wait = throttle.attempt('nurse');
      waits.push(wait / MINUTE);
      clock.now += wait;
      expect(throttle.attempt('nurse')).toBe(0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 15, 15]);
  });

  it('does not prolong the wait by attempts while it runs', () => {
    const clock = { now: 0 };
    const throttle = throttleAt(clock);
    fail(throttle, 'nurse', 50);
    expect(throttle.attempt('nurse')).toBe(MINUTE);
  });

  it('forgets failures on success', () => {
    const throttle = throttleAt({ now: 0 });
    fail(throttle, 'nurse', 4);
    throttle.succeeded('nurse');
    fail(throttle, 'nurse', 5);
    expect(throttle.attempt('nurse')).toBe(MINUTE);
  });

  it('treats names of nobody the same, and does not let them push a user’s failures out', () => {
    const throttle = throttleAt({ now: 0 });
    fail(throttle, 'nurse', 5);
    fail(throttle, 'nobody', 5);
    expect(throttle.attempt('nobody')).toBe(MINUTE);
    for (let name = 0; name < 10_001; name += 1) throttle.attempt(`name-${name}`);
    expect(throttle.attempt('nurse')).toBe(MINUTE);
    expect(throttle.attempt('nobody')).toBe(0);
  });
});
