/** Between a client and a server on the loopback: what goes either way can be held up or be late, and connections cut or refused. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** As the client sees them. */
export type Direction = 'to' | 'from';

export class TcpProxy {
  readonly #server: Server;
  readonly #port: number;
  readonly #target: number;
  readonly #pairs = new Set<readonly [near: Socket, far: Socket]>();
  readonly #stalled = new Set<Direction>();
  /** What clients of connections that were stranded said since, for the server. */
  readonly #stranded = new Map<Socket, Buffer[]>();
  /** What is late, by the socket that it came from, in order. */
  readonly #late = new Map<Socket, { bytes: Buffer; due: number; to: Socket }[]>();
  #delayMs = 0;
  #isRefusing = false;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.#target = target;
  }

  static async open(target: number): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: false });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new TcpProxy(server, target);
    server.on('connection', (near) => proxy.#accept(near));
    return proxy;
  }

  get port(): number {
    return this.#port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /** From now on nothing passes in that direction, of connections that come later neither; nobody is told. */
  stall(...directions: Direction[]): void {
    for (const direction of directions) this.#stalled.add(direction);
    for (const pair of this.#pairs) this.#flow(pair);
  }

  /** What was held up goes on. */
  resume(): void {
    this.#stalled.clear();
    for (const pair of this.#pairs) this.#flow(pair);
  }

  /** From now on what passes arrives so much later, either way; the order stays. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /**
   * From now on the connections that are there keep what their clients say, over the end of the clients too, until it is
   * delivered: as a network does that loses its way for a while. New ones are refused.
   */
  strand(): void {
    this.#isRefusing = true;
    for (const [near, far] of this.#pairs) {
      const kept: Buffer[] = [];
      this.#stranded.set(far, kept);
      near.removeAllListeners('data');
      near.on('data', (bytes) => kept.push(bytes));
    }
  }

  /** What was stranded reaches the server; resolves once the server has ended those connections, or has had `ms` for what it was told. */
  async deliver(ms: number): Promise<number> {
    let bytes = 0;
    for (const [far, kept] of this.#stranded) {
      for (const one of kept) {
        far.write(one);
        bytes += one.length;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, ms));
    for (const far of this.#stranded.keys()) far.destroy();
    this.#stranded.clear();
    return bytes;
  }

  /** All connections end at once; what was held up is lost. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.destroy();
      far.destroy();
    }
  }

  /** Cuts, and from now on lets no connection come to be. */
  refuse(): void {
    this.#isRefusing = true;
    this.cut();
  }

  accept(): void {
    this.#isRefusing = false;
  }

  async close(): Promise<void> {
    for (const far of this.#stranded.keys()) far.destroy();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }

  #accept(near: Socket): void {
    if (this.#isRefusing) return void near.resetAndDestroy();
    const far = connect({ port: this.#target, host: '127.0.0.1', noDelay: true });
    near.setNoDelay(true);
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const socket of pair) {
      socket.on('error', () => {});
      socket.on('close', () => {
        near.destroy();
        if (!this.#stranded.has(far)) far.destroy();
        this.#pairs.delete(pair);
      });
    }
    near.on('data', (bytes) => this.#pass(bytes, near, far));
    far.on('data', (bytes) => this.#pass(bytes, far, near));
    near.on('drain', () => this.#flow(pair));
    far.on('drain', () => this.#flow(pair));
    this.#flow(pair);
  }

  #pass(bytes: Buffer, from: Socket, to: Socket): void {
    const late = this.#late.get(from);
    if (this.#delayMs === 0 && late === undefined) return passOn(bytes, from, to);
    const one = { bytes, due: Date.now() + this.#delayMs, to };
    if (late) late.push(one);
    else {
      this.#late.set(from, [one]);
      setTimeout(() => this.#passLate(from), this.#delayMs);
    }
  }

  #passLate(from: Socket): void {
    const late = this.#late.get(from) ?? [];
    for (let first = late[0]; first !== undefined && first.due <= Date.now(); first = late[0]) {
      late.shift();
      if (!first.to.destroyed) passOn(first.bytes, from, first.to);
    }
    const [next] = late;
    if (next === undefined || from.destroyed) this.#late.delete(from);
    else setTimeout(() => this.#passLate(from), Math.max(1, next.due - Date.now()));
  }

  #flow([near, far]: readonly [Socket, Socket]): void {
    if (this.#stalled.has('to') || far.writableNeedDrain) near.pause();
    else near.resume();
    if (this.#stalled.has('from') || near.writableNeedDrain) far.pause();
    else far.resume();
  }
}

function passOn(bytes: Buffer, from: Socket, to: Socket): void {
  if (!to.write(bytes)) from.pause();
}
