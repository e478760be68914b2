import { spawnSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { accept, refuse, type Command, type Decider, type Fact, type Refusal } from '@anamnesis/kernel';
import { specify } from '../src/given.ts';

type Lamp = { on: boolean; switched: number };
type Press = Command<'Press', { on: boolean; by?: unknown }>;
type LampRefusal = Refusal<'AlreadySo' | 'Broken'>;

const switched = (on: boolean, more: Record<string, unknown> = {}): Fact => ({
  type: 'Switched',
  schema: 1,
  facts: { on, ...more },
});
const press = (on: boolean, by?: unknown): Press => ({
  type: 'Press',
  id: 'p1',
  at: 0,
  actor: { id: 'a', role: 'nurse', purpose: 'TREAT' },
  body: by === undefined ? { on } : { on, by },
});

const lamp: Decider<Press, Lamp, LampRefusal> = {
  initial: { on: false, switched: 0 },
  decide: (command, state) =>
    command.body.on === state.on
      ? refuse({ code: 'AlreadySo', message: 'The lamp is so already.', expressions: ['Lamp.on'] })
      : accept(switched(command.body.on, command.body.by === undefined ? {} : { by: command.body.by })),
  evolve: (state, fact) => ({ on: fact.facts['on'] === true, switched: state.switched + 1 }),
};
const given = specify(lamp);
const altered = (change: Partial<typeof lamp>) => specify({ ...lamp, ...change });

describe('given/when/then', () => {
  it('passes on exactly the facts that were decided', () => {
    given().when(press(true)).then(switched(true));
    given(switched(true), switched(false)).when(press(true)).then(switched(true));
  });

  it('passes on the refusal that was decided, with its expressions', () => {
    given(switched(true)).when(press(true)).thenRefused('AlreadySo');
    given(switched(true)).when(press(true)).thenRefused('AlreadySo', 'Lamp.on');
  });

  it.each<[string, () => void]>([
    ['another value', () => given().when(press(true)).then(switched(false))],
    ['no facts', () => given().when(press(true)).then()],
    ['one fact too many', () => given().when(press(true)).then(switched(true), switched(true))],
    [
      'a property too many',
      () =>
        given()
          .when(press(true))
          .then(switched(true, { by: 'nurse' })),
    ],
    ['a property too few', () => given().when(press(true, 'nurse')).then(switched(true))],
    [
      'another schema',
      () =>
        given()
          .when(press(true))
          .then({ ...switched(true), schema: 2 }),
    ],
    [
      'another type',
      () =>
        given()
          .when(press(true))
          .then({ ...switched(true), type: 'Turned' }),
    ],
    [
      'a resource too many',
      () =>
        given()
          .when(press(true))
          .then({ ...switched(true), resource: '{}' }),
    ],
    [
      'a number for its text',
      () =>
        given()
          .when(press(true, '1'))
          .then(switched(true, { by: 1 })),
    ],
    ['facts, where it was refused', () => given(switched(true)).when(press(true)).then(switched(true))],
    ['nothing, where it was refused', () => given(switched(true)).when(press(true)).then()],
    ['a refusal, where it was accepted', () => given().when(press(true)).thenRefused('AlreadySo')],
    ['another refusal', () => given(switched(true)).when(press(true)).thenRefused('Broken')],
    ['another expression', () => given(switched(true)).when(press(true)).thenRefused('AlreadySo', 'Lamp')],
  ])('fails when %s is expected', (_, check) => {
    expect(check).toThrow();
  });

  it('fails on facts in another order', () => {
    const both = altered({ decide: () => accept(switched(true), switched(false)) });
    expect(() => both().when(press(true)).then(switched(false), switched(true))).toThrow();
  });

  it('fails on a decision that depends on more than the command and the state', () => {
    let calls = 0;
    const drifting = altered({ decide: () => accept(switched(true, { call: (calls += 1) })) });
    expect(() => drifting().when(press(true))).toThrow('in two ways');
  });

  it.each([
    ['a date', new Date(0)],
    ['undefined', { deep: undefined }],
    ['not a number', Number.NaN],
    ['a map', new Map()],
  ])('fails on a fact that does not survive being stored: %s', (_, by) => {
    expect(() => given().when(press(true, by))).toThrow('survive');
  });

  it('fails on evolve or decide changing what it was given', () => {
    const evolving = altered({ evolve: (state) => Object.assign(state, { on: true }) });
    expect(() => evolving(switched(true)).when(press(true))).toThrow(TypeError);
    const deciding = altered({ decide: (_, state) => (state.switched++, accept()) });
    expect(() => deciding().when(press(true))).toThrow(TypeError);
    const ordering = altered({ decide: (command) => ((command.body.on = false), accept()) });
    expect(() => ordering().when(press(true))).toThrow(TypeError);
  });

  it('fails when what was decided cannot be folded', () => {
    const unfoldable = altered({
      evolve: () => {
        throw new Error('unknown fact');
      },
    });
    expect(() => unfoldable().when(press(true))).toThrow('unknown fact');
  });

  it('ends the process when a sentence has no end', () => {
    const given = new URL('../src/given.ts', import.meta.url).href;
    const loader = new URL('../../../tools/typescript.mjs', import.meta.url).href;
    const story = `import { specify } from '${given}';
      const given = specify({ initial: 0, decide: () => ({ accepted: [] }), evolve: (state) => state });
      given().when({})`;
    const run = (text: string) =>
      spawnSync(process.execPath, ['--import', loader, '--input-type=module', '-e', text], { encoding: 'utf8' });
    expect(run(`${story};`).stderr).toContain('stands without then');
    expect(run(`${story}.then();`)).toMatchObject({ status: 0, stderr: '' });
  });
});
