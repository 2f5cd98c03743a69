// reload() of a 4-worker system under load, counted: `node scripts/reload.mjs [times]`, after `npm run build`.
// Streams of tells, asks and publishes from actors, mains and the master; HTTP clients on new and on kept connections.
// Everything that is lost, doubled, swapped, refused or failed is a fault; the exit code says whether there was one.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tsImport } from 'tsx/esm/api';

const TIMES = Number(process.argv[2] ?? 10);
const { Streams } = await tsImport('../test/cluster/streams.ts', import.meta.url);
const { WebClients } = await tsImport('../test/cluster/web-clients.ts', import.meta.url);
const { removeDiaries, stopSystems } = await tsImport('../test/cluster/harness.ts', import.meta.url);

process.env.TEST_PORT = String(await freePort());
const streams = await Streams.start(4, { everyMs: 10, main: new URL('./reload-main.mjs', import.meta.url) });
const clients = new WebClients(Number(process.env.TEST_PORT));
clients.start(4, false);
clients.start(4, true);

const times = [];
for (let n = 0; n < TIMES; n++) {
  const began = performance.now();
  await streams.system.reload();
  times.push(Math.round(performance.now() - began));
  console.log(`reload ${n + 1}: ${times[n]} ms, ${clients.count.answers} HTTP answers so far`);
}
const web = await clients.stop();
const report = await streams.end();
await stopSystems();
removeDiaries();

const miscounted = [...web.counts].filter(([, seen]) => seen.some((count, n) => count !== n + 1));
const faults = {
  'messages lost': report.lost.length,
  'messages doubled': report.doubles.length,
  'messages swapped': report.swaps.length,
  'asks failed': Object.values(report.failedAsks).reduce((sum, count) => sum + count, 0),
  'asks unsettled': report.unsettled.length,
  'HTTP requests refused, reset or failed': Object.values(web.faults).reduce((sum, count) => sum + count, 0),
  'HTTP requests sent again on a kept connection': web.sentAgain,
  'actors that lost or repeated a visit': miscounted.length,
};
console.log(`\n${TIMES} reloads of 4 workers, ${Math.min(...times)} to ${Math.max(...times)} ms each`);
console.log(`${report.sent} messages sent, ${report.handled} handled, ${report.asks} asks among them`);
console.log(`${web.answers} HTTP answers from ${web.pids.size} processes`);
console.table(faults);
for (const [fault, count] of Object.entries(report.failedAsks)) console.log(`an ask failed: ${fault} (${count})`);
for (const [fault, count] of Object.entries(web.faults)) console.log(`HTTP: ${fault} (${count})`);
for (const lost of report.lost.slice(0, 10)) console.log(`lost: ${lost}`);
process.exit(Object.values(faults).some((count) => count > 0) ? 1 : 0);

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
