/** The program's logger, at the master's end of a worker's channel. */
import { expect, test } from 'vitest';
import { LoggedHost } from '../../../src/worker-pool/logged-host.ts';
import type { WorkerHost, WorkerProcess } from '../../../src/worker-pool/worker-host.ts';
import type { BootOrder, ToMaster, ToProcess } from '../../../src/wire/control.ts';

test('a worker is told the level of the logger behind its order, and with a heartbeat where that has changed; its lines go no further', () => {
  const sent: unknown[] = [];
  const heard: unknown[] = [];
  const written: unknown[] = [];
  let says = (_message: ToMaster): void => {};
  const channel = {
    send: (message: ToProcess) => void sent.push(message.type === 'log-level' ? message.level : message.type),
    onMessage: (receive: (message: ToMaster) => void) => void (says = receive),
  };
  const host = { fork: () => ({ channel }) as unknown as WorkerProcess } as unknown as WorkerHost;
  let level = 'info';
  const logged = new LoggedHost(
    host,
    (worker, { values }) => written.push([worker, ...values]),
    () => level,
  );
  const worker = logged.fork({ index: 3, incarnation: 1, role: 'worker' });
  worker.channel.onMessage(({ type }) => heard.push(type));
  const heartbeat = { type: 'heartbeat' } as ToMaster;

  level = 'debug';
  worker.channel.send({ type: 'boot' } as BootOrder);
  expect(sent).toEqual(['boot', 'debug']);
  says(heartbeat);
  level = 'warn';
  says({ type: 'log', line: { level: 'warn', children: [], values: ['said'], size: 4 } });
  says(heartbeat);
  says(heartbeat);
  expect([sent, heard, written]).toEqual([
    ['boot', 'debug', 'warn'],
    ['heartbeat', 'heartbeat', 'heartbeat'],
    [[3, 'said']],
  ]);
});
