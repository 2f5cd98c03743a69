// One program, however it is started: by hand, by PM2, by systemd, in a container.
// PORT: of its HTTP, default 8080, or the path of a unix socket. DATA_DIR: of its durable actors. WORKERS: how many, default one for each CPU that it may use.
// CLIENTS: where other programs connect, unix:/run/app/clients.sock say; default nowhere.
// METRICS_PORT: of /metrics, /livez, /readyz and /startupz, for everybody who can connect; default none.
// WORKER_MEGABYTES: a worker that has grown beyond is replaced, its actors move on alive; default: none is.
import { rmSync } from 'node:fs';
import { createSystem } from 'troupe';
import { reportTo, supervisor } from './supervisor.mjs';

const { DATA_DIR, WORKERS, CLIENTS, METRICS_PORT, WORKER_MEGABYTES } = process.env;
const system = await createSystem({
  actors: new URL('./actors', import.meta.url),
  main: new URL('./web.mjs', import.meta.url),
  ...(DATA_DIR && { dataDir: DATA_DIR }),
  ...(WORKERS && { workers: Number(WORKERS) }),
  ...(METRICS_PORT && { metrics: { port: Number(METRICS_PORT), host: '0.0.0.0' } }),
  ...(CLIENTS && { listen: [{ url: CLIENTS }] }),
}).catch((error) => {
  // One line, and a code that says: another start changes nothing by itself.
  console.error(`not started: ${error.code ?? ''} ${error.message}`);
  process.exit(78);
});
reportTo(supervisor(), system);

// Behind front.mjs the name of the socket goes first, while its servers still answer: who comes from now on waits for the next start.
const { PORT = '' } = process.env;
if (PORT.startsWith('/'))
  for (const signal of ['SIGINT', 'SIGTERM']) process.prependOnceListener(signal, () => rmSync(PORT, { force: true }));

if (WORKER_MEGABYTES) setInterval(replaceTheLargest, 1_000, Number(WORKER_MEGABYTES) * 1024 * 1024).unref();

/** One at a time; PM2 and systemd watch over the memory of the first process only, or kill all. */
let replacing = false;
async function replaceTheLargest(bytesMax) {
  const [largest] = system.workers().sort((one, other) => other.rssBytes - one.rssBytes);
  if (replacing || !(largest?.rssBytes > bytesMax)) return;
  replacing = true;
  await system.restartWorker(largest.index).catch((error) => console.error(`not replaced: ${error.message}`));
  replacing = false;
}
