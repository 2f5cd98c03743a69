// The system of the soak, in a process of its own: it is killed with all that it has.
import { createSystem } from 'troupe';

const system = await createSystem({
  ...JSON.parse(process.argv[2]),
  log: 'silent',
  supervision: { intensity: 10_000, backoff: { initialMs: 20, maxMs: 100 } },
});
process.send('ready');
process.on('message', async ({ call, args }) => {
  if (call === 'workers') process.send({ value: system.workers().map(({ pid }) => pid) });
  else
    process.send({
      value: await system[call](...args).catch((error) => ({ error: `${error.code}: ${error.message}` })),
    });
});
