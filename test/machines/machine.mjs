// One machine of the soak: a system, and the load that its master makes.
import { createSystem } from 'troupe';
import { Driver } from './driver.mjs';
import { HaltingLog } from './halting-log.mjs';

const { options, driver, halt } = JSON.parse(process.argv[2]);
const halting = new HaltingLog();
halting.arm(halt);
if (halt !== undefined) options.log = halting;
const system = await createSystem({
  actors: new URL('./actors/', import.meta.url),
  workers: 2,
  controlSocket: false,
  supervision: { intensity: 10_000, backoff: { initialMs: 20, maxMs: 50, factor: 1, jitter: 0 } },
  ...options,
});
const say = (message) => process.connected && process.send(message);
for (const type of ['suspended', 'resumed', 'machine-lost'])
  system.on(type, ({ machine }) => say({ event: type, of: machine }));
const load = driver && new Driver({ system, say, ...driver });
process.on('disconnect', () => process.exit(1));
process.on('message', async ({ number, call, args = [] }) => {
  try {
    const value = call === 'counts' ? { acked: load?.acked, faults: load?.faults } : await callOf(call, args);
    say({ number, value });
  } catch (error) {
    say({ number, error: { code: error.code, fate: error.fate, message: error.message } });
  }
});
say({ started: system.self.machine });
load?.begin();

async function callOf(call, args) {
  if (call === 'self') return system.self;
  if (call === 'arm') return halting.arm(...args);
  if (call === 'put-back') return load?.putBack();
  if (call === 'end-load') return load?.end();
  if (call === 'shutdown') {
    // What it asks just now is settled by the shutdown.
    if (load) load.isOver = true;
    return system.shutdown(...args);
  }
  return system[call](...args);
}
