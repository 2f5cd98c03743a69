// A system that tools find by its control socket, with the options that are given as JSON; it lives until it is told to end, or killed.
import { createSystem, defineActor } from 'troupe';

const counter = defineActor({
  state: () => ({ count: 0 }),
  receive: { visit: (ctx) => ++ctx.state.count },
});
const options = JSON.parse(process.argv[2]);
const actors = options.workers === 0 ? { counter } : new URL('../actors/', import.meta.url);
try {
  const system = await createSystem({ actors, log: 'silent', ...options });
  process.on('message', async () => {
    await system.shutdown();
    process.disconnect();
  });
  process.send('ready');
} catch (error) {
  process.send({ code: error.code, message: error.message });
  process.disconnect();
}
