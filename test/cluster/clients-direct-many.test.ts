/** The socket of a worker has room for so many clients, whatever they say: over real sockets, with the bound itself. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { defineActor } from '../../src/actor/define-actor.ts';
import { VirtualClock } from '../../src/doubles/virtual-clock.ts';
import { CLIENTS_MAX } from '../../src/gateway/client-listener.ts';
import { writeTicket } from '../../src/gateway/direct-ticket.ts';
import { CLIENT_RIGHTS, Rights } from '../../src/gateway/rights.ts';
import { LocalProcess } from '../../src/process/local-process.ts';
import { DirectSocket } from '../../src/worker-socket/direct-socket.ts';
import { behavioursOf } from '../../src/worker/load-actors.ts';
import { silent } from '../unit/peer/link-fixture.ts';
import { ClientProcess, greeting } from './client-process.ts';
import { until } from './harness.ts';

const SECRET = 'the secret of the test';
const canOpenMany =
  Number(execFileSync('sh', ['-c', 'ulimit -Hn']).toString().replace('unlimited', 'Infinity')) > 11_000;

/** On a clock that stands still, so that nobody has been silent for too long. */
async function opened(): Promise<{ path: string; clock: VirtualClock }> {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-direct-many-'));
  const path = join(folder, 'w.sock');
  const clock = new VirtualClock();
  const { kernel, system } = new LocalProcess({
    ...{ name: 'test', clock, random: () => 0.5, log: silent, shutdownMs: 1_000, holdsProcess: false },
    limits: { askTimeoutMs: 5_000, messageBytesMax: 1024 * 1024, checkMessages: true },
    behaviours: behavioursOf([['idle', defineActor({ receive: {} })]], (kind) => kind),
  });
  const socket = new DirectSocket({ kernel, system, path, secret: SECRET, takesAtOnce: () => true });
  await socket.open();
  onTestFinished(() => {
    socket.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { path, clock };
}

/** What one who shows a ticket is answered: nothing where there is no room. */
async function answered(path: string, clock: VirtualClock): Promise<string> {
  const token = writeTicket(new Rights('test', CLIENT_RIGHTS, ['*']), path, SECRET, clock.now()) as string;
  const socket = connect(path).on('error', () => {});
  socket.write(greeting({ troupe: 'client', version: 1, session: '0'.repeat(32), now: 1, token }));
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (bytes) => resolve(bytes.toString()));
    socket.once('close', () => resolve(''));
  });
  socket.destroy();
  return answer;
}

test.skipIf(!canOpenMany)(
  'a client beyond the most there may be at the socket of a worker is closed, and let in once others are gone',
  async () => {
    const { path, clock } = await opened();
    const holder = await ClientProcess.start();
    onTestFinished(() => holder.end());
    // In portions that the kernel keeps, however busy this process is.
    for (let n = 0; n < CLIENTS_MAX; n += 1_000) await holder.do('hold', path, 1_000);
    await until('all are there', async () => (await holder.do('held')) === CLIENTS_MAX);
    expect(await answered(path, clock)).toBe('');
    expect(await holder.do('held')).toBe(CLIENTS_MAX);
    holder.end();
    await until('there is room', async () => (await answered(path, clock)).includes('gateway'));
  },
  120_000,
);
