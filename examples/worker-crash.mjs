// kill -9 of a worker under traffic. Lost: what lived in its memory. Not lost: the ids, and everything of the others.
import { createSystem } from 'troupe';

const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers: 2, log: 'error' });
const back = new Promise((resolve) => system.on('worker-online', resolve));

// One counter on each worker.
const doomed = await system.spawn('counter', { key: 'doomed', placement: { worker: 1 } });
const safe = await system.spawn('counter', { key: 'safe', placement: { worker: 2 } });
for (let i = 0; i < 10_000; i++) {
  doomed.tell({ type: 'add', by: 1 });
  safe.tell({ type: 'add', by: 1 });
}
console.log('before: doomed', await doomed.ask({ type: 'get' }), 'safe', await safe.ask({ type: 'get' }));

// Ask all the time, and kill in the middle of it. Every ask settles: with a reply, or an error that tells its fate.
const { pid } = await system.where(doomed.id);
const killedAt = performance.now();
process.kill(pid, 'SIGKILL');
const outcomes = { replies: 0, errors: {} };
let firstReplyMs;
for (let i = 0; i < 200; i++) {
  const outcome = await doomed.ask({ type: 'get' }).catch((error) => error);
  if (outcome instanceof Error) {
    const name = `${outcome.code} ${outcome.fate}`;
    outcomes.errors[name] = (outcomes.errors[name] ?? 0) + 1;
  } else {
    outcomes.replies++;
    firstReplyMs ??= performance.now() - killedAt;
  }
  safe.tell({ type: 'add', by: 1 });
}
console.log(`200 asks: ${outcomes.replies} replies, errors: ${JSON.stringify(outcomes.errors)}`);
console.log(
  `first reply ${firstReplyMs?.toFixed(0)} ms after the kill, from worker ${(await system.where(doomed.id)).worker}`,
);

// The id lives on at another worker, its state is new: this counter is not durable. The other one missed nothing.
console.log('after: doomed', await doomed.ask({ type: 'get' }), 'safe', await safe.ask({ type: 'get' }));

const { worker, incarnation } = await back;
console.log(`worker ${worker} is back, incarnation ${incarnation}`);
await system.shutdown();
