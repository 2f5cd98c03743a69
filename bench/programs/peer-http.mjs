/** node:http: a request of JSON over a unix socket, kept alive, to another process. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMicros, mustBe, Program, windowed } from '../harness/measure.mjs';

async function bodyOf(stream) {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  await once(stream, 'end');
  return JSON.parse(text);
}

if (process.env.ROLE === 'server') {
  const server = createServer(async (asked, response) => {
    const { n } = await bodyOf(asked);
    const text = JSON.stringify({ n });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  });
  server.listen(process.env.SOCKET, () => process.send('ready'));
  process.on('message', () => process.send({ micros: cpuMicros() }));
  process.on('disconnect', () => process.exit());
} else {
  const program = new Program('node:http');
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  const socketPath = join(folder, 'h.sock');
  const child = fork(new URL(import.meta.url), { env: { ...process.env, ROLE: 'server', SOCKET: socketPath } });
  await once(child, 'message');
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const ask = (message) =>
    new Promise((resolve, reject) => {
      const text = JSON.stringify(message);
      const headers = { 'content-type': 'application/json', 'content-length': text.length };
      const asked = request({ socketPath, agent, method: 'POST', path: '/', headers }, (response) =>
        bodyOf(response).then(resolve, reject),
      );
      asked.on('error', reject).end(text);
    });
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
  agent.destroy();
  child.disconnect();
  await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
