/** socket.io: an event with an acknowledgement over one WebSocket, to another process. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { cpuMicros, mustBe, Program, windowed } from '../harness/measure.mjs';

if (process.env.ROLE === 'server') {
  const { Server } = await import('socket.io');
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'] });
  io.on('connection', (socket) => socket.on('echo', ({ n }, answer) => answer({ n })));
  http.listen(0, '127.0.0.1', () => process.send({ port: http.address().port }));
  process.on('message', () => process.send({ micros: cpuMicros() }));
  process.on('disconnect', () => process.exit());
} else {
  const { io } = await import('socket.io-client');
  const program = new Program('socket.io');
  const child = fork(new URL(import.meta.url), { env: { ...process.env, ROLE: 'server' } });
  const [{ port }] = await once(child, 'message');
  const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
  await new Promise((resolve) => socket.once('connect', resolve));
  const ask = (message) => new Promise((resolve) => socket.emit('echo', message, resolve));
  const cpuOfAll = async () => {
    child.send('cpu');
    const [{ micros }] = await once(child, 'message');
    return cpuMicros() + micros;
  };
  const echo = async (at) => mustBe(at & 127, (await ask({ type: 'echo', n: at & 127 })).n, 'as echo');
  await program.latency('clients', 'client ask', () => echo(1));
  await program.rate('clients', 'client ask, 256 in flight', 'asks/s', async (n) => {
    const cpu = await cpuOfAll();
    const start = performance.now();
    await windowed(n, 256, echo);
    return { seconds: (performance.now() - start) / 1_000, cpuMicros: (await cpuOfAll()) - cpu };
  });
  socket.close();
  child.disconnect();
  await once(child, 'exit');
}
