/** A session whose client is gone keeps its locks until the server gives up by itself: it is told when, as the session begins. */
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { Connection, SERVER_EXTRA_MS } from '../../../src/store-postgres/connection.ts';

/** What a client says first, by name. */
async function greeting(statementMs: number, hasPooler: boolean): Promise<{ [name: string]: string }> {
  let heard = Buffer.alloc(0);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      heard = bytes;
      socket.destroy();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `postgres://somebody@127.0.0.1:${port}/some`;
  await Connection.open({ url, statementMs }, hasPooler).catch(() => {});
  await new Promise((resolve) => server.close(resolve));
  // Behind the length and the version: names and values, each with a zero at its end.
  const words = heard.subarray(8).toString().split('\0');
  return Object.fromEntries(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? '']] : [])));
}

test(`${SERVER_EXTRA_MS} ms beyond our own deadline`, async () => {
  const ms = String(1_000 + SERVER_EXTRA_MS);
  const told = await greeting(1_000, false);
  expect(told).toMatchObject({ user: 'somebody', statement_timeout: ms, lock_timeout: ms });
  expect(told).toMatchObject({
    idle_in_transaction_session_timeout: ms,
    options: `-c client_connection_check_interval=${ms}`,
  });
});

test('a pooler in between is told nothing: it takes no settings of a session', async () => {
  const told = await greeting(1_000, true);
  expect(told.user).toBe('somebody');
  expect(Object.keys(told).filter((name) => /timeout|options/.test(name))).toEqual([]);
});
