/** Three processes, one PostgreSQL: killed, stopped, cut off by the end of their sessions and of the server. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PostgresServer } from '../../postgres/postgres-server.ts';
import { until } from '../directory/directory-conformance.ts';

const LEASE = 3_000;
const PROGRAM = fileURLToPath(new URL('./member-program.ts', import.meta.url));
/** Partitions that a program watches. */
const WATCHED = 64;

interface Served {
  machine: string;
  at: number;
  partition: number;
  epoch: number;
}

class RealMachine {
  readonly name: string;
  readonly events: string[] = [];
  readonly child: ChildProcess;
  served = 0;

  constructor(name: string, url: string, turns: Served[]) {
    this.name = name;
    const args = ['--import', 'tsx', PROGRAM, name, url, String(LEASE)];
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const said = JSON.parse(line) as { type?: string; at: number; served: [number, number][] };
      if (said.type !== undefined) {
        this.events.push(said.type);
        return;
      }
      this.served = said.served.length;
      for (const [partition, epoch] of said.served) turns.push({ machine: name, at: said.at, partition, epoch });
    });
  }

  count(type: string): number {
    return this.events.filter((event) => event === type).length;
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill(signal);
    await exit;
    this.served = 0;
  }
}

let server: PostgresServer;
const turns: Served[] = [];
const machines: RealMachine[] = [];

beforeAll(async () => {
  server = await PostgresServer.start();
}, 60_000);
afterAll(async () => {
  await Promise.all(machines.map((one) => one.end('SIGKILL')));
  await server?.end();
});

const start = (name: string): RealMachine => {
  const machine = new RealMachine(name, server.url, turns);
  machines.push(machine);
  return machine;
};
const isSpread = (...of: RealMachine[]): boolean =>
  of.reduce((sum, { served }) => sum + served, 0) === WATCHED && of.every(({ served }) => served >= WATCHED / 5);
const now = (): number => Number(process.hrtime.bigint() / 1_000n);

/** In the order of one clock no partition ever goes back to an earlier owner's epoch. */
function doubleOwners(): Served[] {
  const highest = new Map<number, Served>();
  return [...turns]
    .sort((one, other) => one.at - other.at)
    .filter((turn) => {
      const before = highest.get(turn.partition);
      if (!before || turn.epoch > before.epoch) highest.set(turn.partition, turn);
      return before && (turn.epoch < before.epoch || (turn.epoch === before.epoch && turn.machine !== before.machine));
    });
}

it('never has two owners of a partition, whatever ends or stops, and always one in the end', async () => {
  const [a, b] = [start('a'), start('b')];
  await until(() => isSpread(a, b), 'two machines share', 60_000);
  const c = start('c');
  await until(() => isSpread(a, b, c), 'three machines share', 60_000);

  await server.terminateAll();
  server.freeze();
  await delay(LEASE / 4);
  server.thaw();
  await delay(LEASE / 3);
  expect([a, b, c].map((one) => one.count('machine-lost'))).toEqual([0, 0, 0]);

  const killedAt = now();
  await b.end('SIGKILL');
  await until(() => a.served + c.served === WATCHED, 'the killed one is taken over', 60_000);
  const tookMs = (now() - killedAt) / 1_000;
  expect(tookMs).toBeGreaterThan(LEASE * 0.5);
  expect(tookMs).toBeLessThan(LEASE * 1.1 + 2_500);

  c.child.kill('SIGSTOP');
  await until(() => a.served === WATCHED, 'the stopped one is taken over', 60_000);
  c.child.kill('SIGCONT');
  await until(() => isSpread(a, c), 'it comes back', 60_000);

  const resumed = [a, c].map((one) => one.count('own resumed'));
  await server.stop('SIGQUIT');
  await until(() => turns.length > 0 && [a, c].every((one) => one.served === 0), 'all are suspended', 60_000);
  await delay(LEASE);
  await server.begin();
  await until(() => a.served + c.served === WATCHED, 'all go on', 60_000);
  expect([a, c].map((one) => one.count('own resumed'))).toEqual(resumed.map((count) => count + 1));

  const leftAt = now();
  c.child.kill('SIGTERM');
  await until(() => a.served === WATCHED, 'the one that leaves hands over', 60_000);
  const handedMs = (now() - leftAt) / 1_000;
  await until(() => c.child.exitCode === 0, 'it ends', 60_000);
  expect(c.events.at(-1)).toBe('left');
  expect(handedMs).toBeLessThan(LEASE);

  expect(doubleOwners()).toEqual([]);
  expect(new Set(turns.map(({ epoch }) => epoch)).size).toBeGreaterThan(5);
  console.log(`taken over after ${tookMs} ms, handed over within ${handedMs} ms, ${turns.length} looks`);
}, 400_000);
