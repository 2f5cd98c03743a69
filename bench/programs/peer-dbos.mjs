/** machines — durable steps of DBOS, each of which is one checkpoint in PostgreSQL, on a server as that of machines-postgres has it. */
import { DBOS } from '@dbos-inc/dbos-sdk';
import { register } from 'tsx/esm/api';
import { mustBe, Program, windowed } from '../harness/measure.mjs';

register();
const { PostgresServer } = await import('../../test/postgres/postgres-server.ts');

const STEPS = 20;
const program = new Program('DBOS step');
const server = await PostgresServer.start({ shared_buffers: '128MB', max_wal_size: '1GB', max_connections: 200 });
DBOS.setConfig({
  name: 'bench',
  systemDatabaseUrl: server.url,
  systemDatabasePoolSize: 32,
  logLevel: 'error',
  runAdminServer: false,
});
const counts = DBOS.registerWorkflow(
  async (steps) => {
    let count = 0;
    for (let n = 0; n < steps; n++) count = await DBOS.runStep(async () => count + 1, { name: 'add' });
    return count;
  },
  { name: 'counts' },
);
await DBOS.launch();
// A step of each workflow at a time, as a turn of an actor; the best of so many workflows at once counts.
const AT_ONCE = [32, 128, 512];
const run = (workflows, inFlight) =>
  windowed(workflows, inFlight, async () => mustBe(STEPS, await (await DBOS.startWorkflow(counts)(STEPS)).getResult()));
await run(32, 32);
let best = { rate: 0, inFlight: 0 };
for (const inFlight of AT_ONCE) {
  const start = performance.now();
  await run(inFlight, inFlight);
  const rate = (inFlight * STEPS * 1_000) / (performance.now() - start);
  if (rate > best.rate) best = { rate, inFlight };
}
program.report('machines', 'durable turns, 1024 in flight', 'turns/s', best.rate, { inFlight: best.inFlight });
await DBOS.shutdown();
await server.end();
process.exit();
