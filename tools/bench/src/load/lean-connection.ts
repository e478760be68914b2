import { connect, type Socket } from 'node:net';

export interface Answer {
  readonly status: number;
  /** The head of the answer, as sent. */
  readonly head: string;
  readonly body: Buffer;
}

interface Waiting {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * One keep-alive HTTP/1.1 connection that does only what a load generator needs (RFC 9112): one request at a time, an
 * answer with Content-Length or chunked. It shares the machine with what it measures, so it must cost little.
 */
export class LeanConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #waiting: Waiting | undefined;
  #chunks: Buffer[] = [];
  #length = 0;
  /** How many bytes the answer has at least, as far as its head has said. */
  #needed = 0;
  #failed: Error | undefined;

  static open(url: string): Promise<LeanConnection> {
    const { hostname, port, host } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new LeanConnection(socket, host));
      });
    });
  }

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('The connection was closed')));
  }

  /** `headers` are whole lines, each with its line end. Rejects when the connection is lost. */
  send(method: string, path: string, headers: string, body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#failed !== undefined) return reject(this.#failed);
      if (this.#waiting !== undefined) return reject(new Error('A request is under way on this connection'));
      this.#waiting = { resolve, reject };
      const length = body === '' && method === 'GET' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`;
      this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${headers}${length}\r\n${body}`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    if (this.#length < this.#needed) return;
    // Joined only when it may be whole: an answer of megabytes comes in many chunks.
    const received = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [received];
    const end = received.indexOf(HEAD_END);
    if (end < 0) return;
    const head = received.toString('latin1', 0, end);
    const read = bodyIn(head, received, end + 4);
    if (typeof read === 'number') {
      this.#needed = read;
      return;
    }
    this.#chunks = []; // one request at a time: nothing follows
    this.#length = 0;
    this.#needed = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve({ status: Number(head.slice(9, 12)), head, body: read });
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#waiting?.reject(this.#failed);
    this.#waiting = undefined;
  }
}

/** The body that begins at `start`; or how many bytes there must be before it can be whole. */
function bodyIn(head: string, received: Buffer, start: number): Buffer | number {
  const length = headerOf(head, 'content-length');
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? end : received.subarray(start, end);
  }
  return headerOf(head, 'transfer-encoding') === undefined ? NOTHING : chunkedBody(received, start);
}

function chunkedBody(received: Buffer, start: number): Buffer | number {
  const parts: Buffer[] = [];
  for (let at = start; ;) {
    const line = received.indexOf(LINE_END, at);
    if (line < 0) return received.length + 1;
    const size = Number.parseInt(received.toString('latin1', at, line), 16);
    at = line + 2;
    if (received.length < at + size + 2) return at + size + 2;
    if (size === 0) return Buffer.concat(parts);
    parts.push(received.subarray(at, at + size));
    at += size + 2;
  }
}

/** A header of the answer; names are compared without case (RFC 9110 section 5.1). */
export function headerOf(head: string, name: string): string | undefined {
  const at = head.toLowerCase().indexOf(`\r\n${name}:`);
  if (at < 0) return undefined;
  const from = at + name.length + 3;
  const to = head.indexOf('\r\n', from);
  return head.slice(from, to < 0 ? undefined : to).trim();
}
