// One machine: a system with two workers that is a member of the cluster. It adds to the counters of all machines, and tells what it sees.
import { createSystem } from 'troupe';
import { COUNTERS } from './counters.mjs';

const { url, dataDir } = JSON.parse(process.env.MACHINE);
const system = await createSystem({
  actors: new URL('./actors/', import.meta.url),
  workers: 2,
  dataDir,
  // Short, so that a take-over is soon seen; the default is 15 s.
  cluster: { url, leaseMs: 3_000 },
  log: 'error',
});
/** Where the page has ended meanwhile it is not told; `disconnect` is heard below. */
const say = (message) => process.connected && process.send(message, () => {});
for (const name of ['machine-joined', 'machine-left', 'machine-lost', 'suspended', 'resumed'])
  system.on(name, ({ machine }) => say({ event: name, machine }));

// What was answered is kept, whatever is killed.
let answered = 0;
async function add() {
  const id = COUNTERS[Math.floor(Math.random() * COUNTERS.length)];
  try {
    await system.ask(id, { type: 'add' }, { timeoutMs: 10_000 });
    answered++;
  } catch {
    // Its machine was killed, or this one is suspended, or ends: done or not done, nobody was told.
  }
}
let isEnding = false;
for (let n = 0; n < 4; n++) void addOnAndOn();
async function addOnAndOn() {
  while (!isEnding) {
    await add();
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
setInterval(() => {
  say({ answered });
  answered = 0;
}, 100);

async function look(id) {
  const where = async () => (await system.where(id)).machine;
  const count = async () => system.ask(id, { type: 'get' }, { timeoutMs: 500 });
  const [machine, counted] = await Promise.allSettled([where(), count()]);
  return { id, machine: machine.value, count: counted.value };
}
process.on('message', async () => {
  const counters = await Promise.all(COUNTERS.map(look));
  say({ self: system.self.machine, machines: system.machines(), counters });
});
// The signal is the system's own affair: it hands over what it has, and ends.
process.once('SIGTERM', () => {
  isEnding = true;
});
// Without its page a machine leaves: nobody could end it any more.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
say({ started: system.self.machine });
