/** bare relay: the bytes of an ask and of its reply, between processes as a client's go: through one in between, which passes them on unread. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../harness/measure.mjs';

const { ROLE, FOLDER } = process.env;
const MESSAGE = Buffer.alloc(32, 1);

function listen(name, accept) {
  createServer(accept).listen(join(FOLDER, name), () => process.send('ready'));
  process.on('disconnect', () => process.exit());
}

if (ROLE === 'answerer') listen('answerer', (socket) => socket.on('data', (bytes) => socket.write(bytes)));
else if (ROLE === 'relay') {
  const onward = createConnection(join(FOLDER, 'answerer'));
  listen('relay', (socket) => {
    socket.on('data', (bytes) => onward.write(bytes));
    onward.on('data', (bytes) => socket.write(bytes));
  });
} else {
  const program = new Program('bare relay');
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  const children = [];
  for (const role of ['answerer', 'relay']) {
    const child = fork(new URL(import.meta.url), { env: { ...process.env, ROLE: role, FOLDER: folder } });
    await once(child, 'message');
    children.push(child);
  }
  const socket = createConnection(join(folder, 'relay'));
  let answered;
  let bytes = 0;
  socket.on('data', ({ length }) => {
    bytes += length;
    if (bytes < MESSAGE.length) return;
    bytes = 0;
    answered();
  });
  await program.latency('clients', 'client ask', () => {
    socket.write(MESSAGE);
    return new Promise((resolve) => (answered = resolve));
  });
  socket.destroy();
  for (const child of children) {
    child.disconnect();
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
}
