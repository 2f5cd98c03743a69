/** Clients in a process of their own, seen from a test; and a way to them that can be cut. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./programs/client.mjs', import.meta.url));

export interface ClientFault {
  code: string;
  fate?: string;
  message: string;
}

export class ClientProcess {
  readonly child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #last = 0;

  private constructor(child: ChildProcess) {
    this.child = child;
    child.on('message', ({ number, value, fault }: { number: number; value: unknown; fault?: ClientFault }) => {
      const waiting = this.#waiting.get(number);
      this.#waiting.delete(number);
      if (fault) waiting?.reject(Object.assign(new Error(fault.message), fault));
      else waiting?.resolve(value);
    });
  }

  /** `within`: the command that starts it, and its arguments, before those of Node.js. */
  static async start(within: readonly string[] = []): Promise<ClientProcess> {
    const [command, ...args] = [...within, process.execPath, PROGRAM] as unknown as [string, ...string[]];
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'message');
    return new ClientProcess(child);
  }

  do<T = unknown>(command: string, ...args: unknown[]): Promise<T> {
    const number = ++this.#last;
    this.child.send({ number, command, args });
    return new Promise((resolve, reject) => this.#waiting.set(number, { resolve: resolve as never, reject }));
  }

  call<T = unknown>(n: number, method: string, ...args: unknown[]): Promise<T> {
    return this.do<T>('call', n, method, ...args);
  }

  end(): void {
    this.child.kill('SIGKILL');
  }
}

/** Passes bytes on, until it is told to cut. */
export class CuttableWay {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isShut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(target: number): Promise<CuttableWay> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const way = new CuttableWay(server, (server.address() as { port: number }).port);
    server.on('connection', (near) => way.#join(near, connect(target, '127.0.0.1')));
    return way;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Nobody comes through until it is opened again. */
  shut(): void {
    this.#isShut = true;
    this.cut();
  }

  open(): void {
    this.#isShut = false;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Nothing comes through any more, and neither end is told; connections that come later are not stalled. */
  stall(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }

  #join(near: Socket, far: Socket): void {
    if (this.#isShut) {
      far.on('error', () => {}).destroy();
      return void near.resetAndDestroy();
    }
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}

/** One greeting in one frame, as a client sends it first. */
export function greeting(value: object): Uint8Array {
  const text = JSON.stringify(value);
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, text.length, true);
  return new Uint8Array([...head, ...new TextEncoder().encode(text)]);
}

export interface Certificate {
  cert: string;
  key: string;
}

export const HAS_OPENSSL: boolean = (() => {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** An authority, and what it has signed: Node.js can read certificates, and make none. */
export function certificates(...names: string[]): { ca: string; signed: Certificate[] } {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-tls-'));
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    openssl('req', '-x509', ...curve, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=authority');
    writeFileSync(at('san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    const signed = names.map((name, n) => {
      openssl('req', ...curve, '-keyout', `${n}.key`, '-out', `${n}.csr`, '-subj', `/CN=${name}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'san'];
      openssl('x509', '-req', '-in', `${n}.csr`, ...by, '-out', `${n}.pem`);
      return { cert: readFileSync(at(`${n}.pem`), 'utf8'), key: readFileSync(at(`${n}.key`), 'utf8') };
    });
    return { ca: readFileSync(at('ca.pem'), 'utf8'), signed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
