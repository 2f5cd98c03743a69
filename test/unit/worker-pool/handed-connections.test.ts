/** A connection that a dead worker was handed and had not taken: a real process, and a real socket, whose client waits. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { GIVEN_BACK_MS_MAX, HandedConnections } from '../../../src/worker-pool/handed-connections.ts';

let folder: string;
let server: Server;
let client: Socket;
let workers: ChildProcess[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'handed-'));
  writeFileSync(join(folder, 'hangs.mjs'), 'process.on("message", () => {}); process.send("ready"); for (;;);');
  workers = [];
  server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  vi.useRealTimers();
  for (const worker of workers) worker.kill('SIGKILL');
  client.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function hangingWorker(): Promise<{ worker: ChildProcess; handed: HandedConnections }> {
  const worker = fork(join(folder, 'hangs.mjs'));
  workers.push(worker);
  const handed = new HandedConnections(worker);
  await once(worker, 'message');
  return { worker, handed };
}

/** The handle of a connection whose client waits for an answer, as node:cluster has it. */
async function accepted(): Promise<{ close(): void }> {
  const taken = once(server, 'connection');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = await taken;
  return (socket as { _handle: { close(): void } })._handle;
}

function hand(worker: ChildProcess, seq: number, connection: object): void {
  worker.send({ cmd: 'NODE_CLUSTER', act: 'newconn', seq }, connection as Socket, { keepOpen: true });
}

async function kill(worker: ChildProcess): Promise<void> {
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
}

test(`is closed ${GIVEN_BACK_MS_MAX} ms after its worker's end, where no other one gets it`, async () => {
  const { worker, handed } = await hangingWorker();
  const connection = await accepted();
  const close = vi.spyOn(connection, 'close');
  hand(worker, 7, connection);
  const answers: unknown[] = [];
  worker.on('internalMessage', (message) => answers.push(message));
  await kill(worker);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  handed.giveBack();
  expect(answers).toEqual([{ cmd: 'NODE_CLUSTER', ack: 7, accepted: false }]);
  vi.advanceTimersByTime(GIVEN_BACK_MS_MAX - 1);
  expect(close).not.toHaveBeenCalled();
  const ended = once(client, 'close');
  vi.advanceTimersByTime(1);
  vi.useRealTimers();
  await ended;
});

test('stays open where another worker gets it in time', async () => {
  const [first, second] = [await hangingWorker(), await hangingWorker()];
  const connection = await accepted();
  const close = vi.spyOn(connection, 'close');
  hand(first.worker, 7, connection);
  await kill(first.worker);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  first.handed.giveBack();
  hand(second.worker, 3, connection);
  vi.advanceTimersByTime(GIVEN_BACK_MS_MAX * 2);
  expect(close).not.toHaveBeenCalled();
});
