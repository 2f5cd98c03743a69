/** One machine of machines-cluster, in a process of its own: its system, and the calls that its parent makes of it. */
import { createSystem } from 'troupe';

const system = await createSystem({
  actors: new URL('../actors/', import.meta.url),
  log: 'warn',
  ...JSON.parse(process.argv[2]),
});
process.on('disconnect', () => process.exit());
process.on('message', async ({ number, call, args }) => {
  const value = await (call === 'actors' ? system.metrics().then(({ actors }) => actors) : system[call](...args)).catch(
    ({ message }) => ({ message }),
  );
  process.send({ number, value });
});
process.send({ machine: system.self.machine });
