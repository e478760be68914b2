import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { newId } from '@anamnesis/kernel';
import { projectionsModule } from '../src/index.ts';
import { TestRecord } from './record.ts';

let record: TestRecord;
let app: NestFastifyApplication;

beforeEach(async () => {
  record = await TestRecord.open();
  app = await NestFactory.create<NestFastifyApplication>(
    projectionsModule(await record.start()),
    new FastifyAdapter(),
    {
      logger: false,
    },
  );
  await app.init();
});

afterEach(async () => {
  await app.close();
  await record.close();
});

describe('the operator’s routes', () => {
  it('tell how far each model is', async () => {
    const position = await record.write({ type: 'Organization', id: newId(), content: { name: 'Acme' } });
    await record.caughtUp();
    const { statusCode, body } = await app.inject({ method: 'GET', url: '/admin/projections' });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual([
      { model: 'records', state: 'following', position, head: position, lag: 0, poisonCount: 0, poison: [] },
    ]);
  });

  it('rebuild a model, and tell of it line by line', async () => {
    const id = newId();
    const position = await record.write({ type: 'Organization', id, content: { name: 'Acme' } });
    const { statusCode, headers, body } = await app.inject({
      method: 'POST',
      url: '/admin/projections/records/rebuild',
    });
    expect(statusCode).toBe(200);
    expect(headers['content-type']).toBe('application/x-ndjson');
    const lines = body.trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1)!)).toEqual({ done: position, total: position });
    expect(await record.records.get('Organization', id)).toBeDefined();
  });

  it('tell on the last line why a rebuild did not happen', async () => {
    const first = record.projections!.rebuild();
    const { body } = await app.inject({ method: 'POST', url: '/admin/projections/records/rebuild' });
    expect(JSON.parse(body.trimEnd())).toHaveProperty('error');
    await first;
  });

  it('know no other model', async () => {
    const { statusCode } = await app.inject({ method: 'POST', url: '/admin/projections/nothing/rebuild' });
    expect(statusCode).toBeGreaterThanOrEqual(400);
  });
});
