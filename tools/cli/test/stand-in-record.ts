import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type Reply = (request: Received, response: ServerResponse, number: number) => void;

/** An HTTP server that answers as the test says; what the command line does with answers is what is tested. */
export async function standInRecord(
  reply: Reply,
): Promise<{ url: string; received: Received[]; close(): Promise<void> }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const one = { method: request.method!, url: request.url!, headers: request.headers, body };
      received.push(one);
      reply(one, response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** Every entry stored; counts answered with none. */
export function stored(request: Received, response: ServerResponse): void {
  response.setHeader('content-type', 'application/fhir+json').setHeader('x-anamnesis-position', '7');
  if (request.method === 'GET') return void response.end('{"resourceType":"Bundle","type":"searchset","total":0}');
  const { type, entry = [] } = JSON.parse(request.body) as { type: string; entry?: unknown[] };
  const answers = entry.map(() => ({ response: { status: '201 Created' } }));
  response.end(JSON.stringify({ resourceType: 'Bundle', type: `${type}-response`, entry: answers }));
}
