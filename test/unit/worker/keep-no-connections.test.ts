/** The connections of a server that closes: what is asked on them within a time is answered, and then those end on which nothing is asked. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { IDLE_MS_MAX } from '../../../src/worker/keep-no-connections.ts';

const ASKED_AFTER_MS = IDLE_MS_MAX - 150;

/** A process of its own: from then on no server of it keeps a connection. */
const PROGRAM = `
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { keepNoConnections } from ${JSON.stringify(new URL('../../../src/worker/keep-no-connections.ts', import.meta.url).href)};

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => response.end('answered'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
async function open() {
  const socket = connect(server.address().port, '127.0.0.1');
  socket.setEncoding('utf8').setNoDelay(true);
  socket.write('GET / HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n');
  await new Promise((resolve) => socket.once('data', resolve));
  return socket;
}
const [idle, asking] = [await open(), await open()];
keepNoConnections();
const began = performance.now();
const ended = (socket) => new Promise((resolve) => socket.once('close', () => resolve(performance.now() - began)));
const ends = Promise.all([ended(idle), ended(asking)]);
server.close();
let answer = '';
asking.on('data', (text) => (answer += text));
setTimeout(() => asking.write('GET / HTTP/1.1\\r\\nhost: a\\r\\n\\r\\n'), ${ASKED_AFTER_MS});
const [idleMs, askingMs] = await ends;
console.log(JSON.stringify({ idleMs, askingMs, answer }));
`;

test(`of those that are open as it closes, those without a request end after ${IDLE_MS_MAX} ms`, async () => {
  const args = ['--import', 'tsx', '--input-type=module', '-e', PROGRAM];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { idleMs, askingMs, answer } = JSON.parse(stdout) as { idleMs: number; askingMs: number; answer: string };
  expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*connection: close[\s\S]*answered/i);
  expect(askingMs).toBeGreaterThan(ASKED_AFTER_MS - 5);
  expect(idleMs).toBeGreaterThan(IDLE_MS_MAX - 5);
  expect(idleMs).toBeLessThan(IDLE_MS_MAX + 2_000);
});
