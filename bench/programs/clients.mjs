/** clients: asks of a client in a process of its own, over a unix socket: by the master at first, then at the socket of the worker. Beside it the ask between two workers. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cpuMicros, mustBe, Program, windowed } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';

if (process.env.ROLE === 'system') {
  const { createSystem } = await import('troupe');
  const actors = new URL('../actors/', import.meta.url);
  const listen = [{ url: process.env.URL }];
  const system = await createSystem({ workers: 2, actors, log: 'warn', listen, controlSocket: false });
  const ids = { counter: await idOn(system, 'counter', 2), driver: await idOn(system, 'driver', 1) };
  process.on('message', () => process.send({ micros: cpuMicros() }));
  process.on('disconnect', () => system.shutdown());
  process.send(ids);
} else {
  const { connect } = await import('troupe/client');
  const program = new Program('troupe');
  const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-'));
  const url = `unix:${join(folder, 'c.sock')}`;
  const child = fork(new URL(import.meta.url), { env: { ...process.env, ROLE: 'system', URL: url } });
  const [{ counter, driver }] = await once(child, 'message');
  const client = await connect(url);
  const cpuOfAll = async () => {
    child.send('cpu');
    const [{ micros }] = await once(child, 'message');
    return cpuMicros() + micros + (await client.ask(counter, { type: 'cpu' }));
  };
  const echo = async (at) => mustBe(at & 127, (await client.ask(counter, { type: 'echo', n: at & 127 })).n, 'as echo');

  await program.latency('clients', 'client ask', () => echo(1));
  await program.rate('clients', 'client ask, 256 in flight', 'asks/s', async (n) => {
    const cpu = await cpuOfAll();
    const start = performance.now();
    await windowed(n, 256, echo);
    return { seconds: (performance.now() - start) / 1_000, cpuMicros: (await cpuOfAll()) - cpu };
  });
  if (program.wants('clients')) {
    const between = (seconds) =>
      client.ask(driver, { type: 'latencies', to: counter, seconds }, { timeoutMs: 120_000 });
    await between(1);
    const { p50, p99, n } = await between(program.seconds);
    program.report('clients', 'ask between workers p50', 'us', p50, { n });
    program.report('clients', 'ask between workers p99', 'us', p99, { n });
  }
  await client.close();
  child.disconnect();
  await once(child, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
