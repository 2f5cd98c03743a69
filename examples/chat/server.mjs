// A chat on one port, served by every worker: npm run build && node examples/chat/server.mjs
// PORT (8080), WORKERS (2; 0: all in this process) and DATA_DIR (.troupe/chat, kept) may be given.
// Kill a worker with kill -9, or all of it and start again, and go on chatting.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createSystem } from 'troupe';

const port = (process.env.PORT ??= '8080');
const workers = Number(process.env.WORKERS ?? 2);

// Looked at here, where the answer can be said once; the workers share the port.
const probe = createServer().listen(Number(port));
try {
  await once(probe, 'listening');
} catch (error) {
  console.error(`PORT: expected a port that is free; got ${port} (${error.code}). Try PORT=8081`);
  process.exit(1);
}
probe.close();
await once(probe, 'close');

const main = new URL('./main.ts', import.meta.url);
const actors = new URL('../../actors', import.meta.url);
const dataDir = process.env.DATA_DIR ?? join(import.meta.dirname, '..', '..', '.troupe', 'chat');
const system = await createSystem({
  name: 'chat',
  actors,
  workers,
  dataDir,
  log: 'warn',
  ...(workers > 0 && { main }),
}).catch((error) => {
  console.error(`not started: ${error.message}`);
  process.exit(1);
});
// Without workers there is nobody else to run it.
if (workers === 0) await (await import(main)).default(system);

console.log(`chat: http://localhost:${port}/ on ${workers || 'no'} workers, /status lists them, Ctrl-C ends`);
