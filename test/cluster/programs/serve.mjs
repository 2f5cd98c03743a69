// A system whose calls are made by the parent process.
import { createSystem } from 'troupe';
import { outcomeOf } from '../actors/_outcome.mjs';

const { ownSignals, byDefault, tmpdir, ...options } = JSON.parse(process.argv[2]);
if (tmpdir) process.env.TMPDIR = tmpdir;
if (ownSignals)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => process.send({ value: signal }));

const starting = outcomeOf(
  createSystem({
    actors: new URL('../actors/', import.meta.url),
    ...(!byDefault && { workers: 2 }),
    log: 'silent',
    ...options,
  }),
);

process.on('message', async ({ number, call, args }) => {
  const { value: system, fault } = await starting;
  const outcome = fault ? { fault } : await outcomeOf(callOf(system, call, args));
  process.send({ number, ...outcome });
});

async function callOf(system, call, args) {
  if (call === 'started') return system.workers().map(({ pid }) => pid);
  if (call === 'self') return system.self;
  return system[call](...args);
}
