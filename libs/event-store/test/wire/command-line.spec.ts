import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventStore } from '@anamnesis/event-store/embedded';
import { newId } from '@anamnesis/kernel';
import { asked } from '../../src/wire/command-line.ts';
import { selfSigned } from './certificate.ts';
import { ServingProcess } from './serving-process.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anamnesis-wire-'));
  const { cert, key } = selfSigned();
  await writeFile(file('cert.pem'), cert);
  await writeFile(file('key.pem'), key);
  await writeFile(file('users.json'), JSON.stringify([{ login: 'admin', password: 'p', groups: ['$admins'] }]));
  await writeFile(file('no-users.json'), JSON.stringify([{ login: 'a:b', password: 'p' }]));
  await writeFile(file('no-json'), 'admin:p');
});
afterAll(async () => rm(folder, { recursive: true }));

describe('the command line', () => {
  it('takes everything together', () => {
    const tls = ['--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')];
    const rest = ['--users', file('users.json'), '--port', '0', '--folder', 'f', '--max-append-size', '5'];
    expect(asked([...tls, ...rest, '--host', '::1', '--advertise-host', 'h'])).toMatchObject({
      kind: 'serve',
      options: {
        folder: 'f',
        host: '::1',
        port: 0,
        maxAppendBytes: 5,
        advertisedHost: 'h',
        users: [{ login: 'admin', password: 'p', groups: ['$admins'] }],
      },
    });
  });

  it('has defaults for all but who may call', () => {
    expect(asked(['--insecure'])).toMatchObject({
      options: { port: 2113, host: '127.0.0.1', folder: 'data/event-store' },
    });
    expect(asked(['--help'])).toEqual({ kind: 'help' });
  });

  it.each([
    [[], 64],
    [['--nonsense'], 64],
    [['--insecure', '--port', 'x'], 64],
    [['--insecure', '--port', '65536'], 64],
    [['--insecure', '--max-append-size', '0'], 64],
    [['--insecure', '--tls-cert', 'a'], 64],
    [['--users', 'a'], 64],
    [['--insecure', '--users', 'a', '--tls-cert', 'a', '--tls-key', 'b'], 64],
    [['--insecure', '--tls-cert', '/nowhere', '--tls-key', '/nowhere'], 66],
  ])('refuses %j', (args, code) => {
    expect(asked(args)).toMatchObject({ kind: 'wrong', code });
  });

  it.each(['no-users.json', 'no-json'])('refuses the users of %s without telling them', (name) => {
    const tls = ['--tls-cert', file('cert.pem'), '--tls-key', file('key.pem')];
    const wrong = asked([...tls, '--users', file(name)]);
    expect(wrong).toMatchObject({ kind: 'wrong', code: 66 });
    expect(JSON.stringify(wrong)).not.toContain('a:b');
  });
});

describe('the program', () => {
  it('tells what it can do, or what is wrong with its arguments', async () => {
    expect(await new ServingProcess(['--help']).ended).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--users'),
    });
    const wrong = await new ServingProcess(['--port', '1']).ended;
    expect(wrong).toMatchObject({ code: 64, stdout: '' });
    expect(wrong.stderr).toContain('--insecure');
  });

  it('does not start on a folder in use, nor on one of another kind', async () => {
    const first = new ServingProcess(['--insecure', '--port', '0', '--folder', file('one')]);
    await first.url();
    const second = await new ServingProcess(['--insecure', '--port', '0', '--folder', file('one')]).ended;
    expect(second).toMatchObject({ code: 69, stderr: expect.stringContaining('did not start') });
    expect(await first.kill('SIGTERM')).toMatchObject({ code: 0 });

    const record = await EmbeddedEventStore.open({ folder: file('record') });
    const event = { id: newId(), type: 'VitalsTaken', schema: 1, meta: '{}', data: new Uint8Array(1) };
    await record.append({ stream: `patient-${newId()}`, expected: 'none', events: [event] });
    await record.close();
    const third = await new ServingProcess(['--insecure', '--port', '0', '--folder', file('record')]).ended;
    expect(third).toMatchObject({ code: 69, stderr: expect.stringContaining('another kind') });
  });

  it('does not start with a key of another certificate', async () => {
    await writeFile(file('other.pem'), selfSigned().key);
    const tls = ['--tls-cert', file('cert.pem'), '--tls-key', file('other.pem')];
    const ended = await new ServingProcess(['--insecure', '--port', '0', '--folder', file('four'), ...tls]).ended;
    expect(ended).toMatchObject({ code: 69, stderr: expect.stringContaining('cannot be used for TLS') });
  });

  it('does not start on a port in use', async () => {
    const first = new ServingProcess(['--insecure', '--port', '0', '--folder', file('two')]);
    const port = new URL((await first.url()).replace('esdb:', 'http:')).port;
    const second = await new ServingProcess(['--insecure', '--port', port, '--folder', file('three')]).ended;
    expect(second).toMatchObject({ code: 69, stderr: expect.stringContaining('cannot be listened on') });
    await first.kill('SIGINT');
  });
});
