// S4, S5: from an actor on one worker to an actor on another. Prints one JSON line per metric.
import { createSystem } from 'troupe';
import { rate } from './load.mjs';
import { options, print } from './print.mjs';

const { wants, timing } = options();
const system = await createSystem({ workers: 2, actors: new URL('./actors/', import.meta.url), log: 'warn' });

async function idOn(kind, worker) {
  for (let n = 1; ; n++) {
    const id = `${kind}/${String(n).padStart(8, '0')}`;
    if ((await system.where(id)).worker === worker) return id;
  }
}

const driver = await idOn('driver', 1);
const counter = await idOn('counter', 2);
const back = { driver: await idOn('driver', 2), counter: await idOn('counter', 1) };
const ask = (id, message) => system.ask(id, message, { timeoutMs: 120_000 });

if (wants('S4')) {
  print('S4', 'tell small', 'msg/s', await rate(timing, (n) => ask(driver, { type: 'tells', to: counter, n })));
  print(
    'S4',
    'tell 1KB',
    'msg/s',
    await rate(timing, (n) => ask(driver, { type: 'tells', to: counter, n, bytes: 1_000 })),
  );
  print(
    'S4',
    'tell small both directions (sum)',
    'msg/s',
    await rate(
      timing,
      async (n) => {
        const both = [
          ask(driver, { type: 'tells', to: counter, n }),
          ask(back.driver, { type: 'tells', to: back.counter, n }),
        ];
        return Math.max(...(await Promise.all(both)));
      },
      { per: 2 },
    ),
  );
}
if (wants('S5')) {
  await ask(driver, { type: 'latencies', to: counter, n: 5_000 });
  const { p50, p99 } = await ask(driver, { type: 'latencies', to: counter, n: 10_000 });
  print('S5', 'ask p50', 'us', { value: p50, n: 10_000 });
  print('S5', 'ask p99', 'us', { value: p99, n: 10_000 });
  print(
    'S5',
    'ask 256 in flight',
    'rt/s',
    await rate(timing, (n) => ask(driver, { type: 'asks', to: counter, n, inFlight: 256 })),
  );
}
await system.shutdown();
