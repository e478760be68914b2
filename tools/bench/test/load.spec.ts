import { createServer, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { closedLoop } from '../src/load/closed-loop.ts';
import { Latencies, median } from '../src/load/latencies.ts';
import { headerOf, LeanConnection } from '../src/load/lean-connection.ts';
import { writtenPerson } from '../src/load/people.ts';

let server: Server | undefined;
afterEach(() => new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve()))));

async function listening(made: Server): Promise<string> {
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}
const http = (reply: (response: ServerResponse, body: string, number: number) => void): Promise<string> => {
  let number = 0;
  return listening(
    createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => reply(response, body, (number += 1)));
    }),
  );
};

describe('a lean connection', () => {
  it('sends requests one after another and reads answers of every framing', async () => {
    const large = 'x'.repeat(3_000_000);
    const url = await http((response, body, number) => {
      if (number === 1) return response.writeHead(201, { Location: '/a/1', 'Content-Length': 4 }).end('born');
      if (number === 2) {
        response.write('chun');
        return setTimeout(() => response.end(`ked ${body}`), 5);
      }
      if (number === 3) return response.writeHead(204).end();
      if (number === 4) return response.writeHead(200, { 'content-length': large.length }).end(large);
      return response.end(large);
    });
    const connection = await LeanConnection.open(url);
    const born = await connection.send('POST', '/a', 'x-y: z\r\n', 'body');
    expect([born.status, born.body.toString(), headerOf(born.head, 'location')]).toEqual([201, 'born', '/a/1']);
    expect((await connection.send('POST', '/a', '', 'é')).body.toString()).toBe('chunked é');
    expect(await connection.send('DELETE', '/a', '')).toMatchObject({ status: 204, body: Buffer.alloc(0) });
    expect((await connection.send('GET', '/a', '')).body.toString() === large).toBe(true);
    expect((await connection.send('GET', '/a', '')).body.toString() === large).toBe(true);
    connection.close();
  });

  it('reads an answer that comes byte by byte', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n';
    const url = await listening(
      createRawServer((socket: Socket) => {
        socket.setNoDelay(true).once('data', async () => {
          for (const byte of answer) {
            socket.write(byte);
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      }),
    );
    const connection = await LeanConnection.open(url);
    expect((await connection.send('GET', '/', '')).body.toString()).toBe('abcde');
    connection.close();
  });

  it('rejects when the connection is lost, and from then on', async () => {
    const url = await http((response) => response.socket!.destroy());
    const connection = await LeanConnection.open(url);
    await expect(connection.send('GET', '/', '')).rejects.toThrow();
    await expect(connection.send('GET', '/', '')).rejects.toThrow();
    await expect(LeanConnection.open('http://127.0.0.1:9')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('latencies', () => {
  it('have percentiles to three digits', () => {
    const latencies = new Latencies();
    for (let value = 1; value <= 1_000; value += 1) latencies.record(value / 10);
    expect(latencies.count).toBe(1_000);
    expect(latencies.percentile(50)).toBeCloseTo(50, 0);
    expect(latencies.percentile(99)).toBeCloseTo(99, 0);
    expect(new Latencies().percentile(99)).toBe(0);
  });

  it('have a median of odd and even numbers of runs', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
    expect(median([])).toBeNaN();
  });
});

describe('a closed loop', () => {
  it('counts each request under its name, and wrong answers', async () => {
    const url = await http((response, _, number) => response.writeHead(number % 5 === 0 ? 500 : 200).end());
    const step = async (connection: LeanConnection) => {
      const { status } = await connection.send('GET', '/', '');
      return { name: status === 200 ? 'good' : 'bad', right: status === 200 };
    };
    const { all, byName, errors } = await closedLoop({ url, clients: [step, step], seconds: 0.3 });
    expect(all.count).toBeGreaterThan(20);
    expect(errors).toBe(byName.get('bad')!.count);
    expect(all.count).toBe(byName.get('good')!.count + errors);
  });

  it('keeps to a rate', async () => {
    const url = await http((response) => response.end());
    const step = async (connection: LeanConnection) => ({
      name: 'one',
      right: (await connection.send('GET', '/', '')).status === 200,
    });
    const { all } = await closedLoop({ url, clients: [step, step], seconds: 0.5, rate: 100 });
    expect(all.count).toBe(50);
  });
});

describe('a written person', () => {
  it('is created and updated as the same person with another telephone number', () => {
    const person = writtenPerson('s', 4);
    const created = JSON.parse(person.create) as { telecom: { value: string }[]; name: { family: string }[] };
    const updated = JSON.parse(person.update('id-1')) as typeof created & { id: string };
    expect(created.name[0]!.family).toBe(person.family);
    expect(updated.telecom[0]!.value).toBe('+1-555-555-0100');
    expect({ ...updated, id: undefined, telecom: undefined }).toEqual({
      ...created,
      id: undefined,
      telecom: undefined,
    });
    expect(updated.id).toBe('id-1');
  });
});
