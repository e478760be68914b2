import { describe, expect, it } from '@jest/globals';
import { Fault } from '@anamnesis/kernel';
import { createLog, errorFields, type LogLevel } from '../src/index.ts';

function logged(level: LogLevel) {
  const lines: string[] = [];
  return { lines, log: createLog(level, { write: (line: string) => void lines.push(line) }) };
}

describe('the log', () => {
  it('writes one JSON line with message, level, time and fields', () => {
    const { lines, log } = logged('info');
    log.info('request', { method: 'GET', route: '/fhir/:type/:id', status: 200 });
    log.debug('not at this level');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      level: 30,
      msg: 'request',
      method: 'GET',
      route: '/fhir/:type/:id',
      status: 200,
    });
    expect(lines[0]).toMatch(/"time":"\d{4}-/);
  });

  it('says of an error its name, code and frames, never its message', () => {
    const { lines, log } = logged('info');
    const parsing = (): unknown => JSON.parse('{"family":"Mustermann"');
    try {
      parsing();
    } catch (cause) {
      log.error('failed', { error: new Fault('store-full', 'constant', { cause }) });
    }
    expect(lines[0]).not.toContain('Mustermann');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      error: { name: 'Fault', code: 'store-full', cause: { name: 'SyntaxError' } },
    });
  });

  it('keeps a message of many lines out of the frames', () => {
    const error = new Error('Mustermann\nMax');
    expect(JSON.stringify(errorFields(error))).not.toMatch(/Mustermann|Max"/);
    expect(errorFields(error)['stack']).not.toHaveLength(0);
  });

  it('says of something thrown that is no error only its type', () => {
    expect(errorFields('Mustermann')).toEqual({ name: 'string' });
  });
});
