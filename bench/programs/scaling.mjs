/**
 * Tells as workers are added, and as ids are added: the cost of a tell must grow with the number of ids only as memory grows
 * colder, which mailboxes in a map and nothing else show. With `node --max-old-space-size=16000` also ten million ids.
 */
import { getHeapStatistics } from 'node:v8';
import { createSystem } from 'troupe';
import counter from '../actors/counter.mjs';
import { Program } from '../harness/measure.mjs';
import { census, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const program = new Program('troupe');
for (const workers of [1, 2, 4, 8]) {
  const system = await usersSystem({ workers });
  const [sources, counters] = [await onEachWorker(system, 'source'), await onEachWorker(system, 'census')];
  let expected = 0;
  const mix = async (n) => {
    const each = Math.ceil(n / sources.length / 50) * 50;
    expected += each * sources.length;
    const asks = sources.map((id, at) =>
      system.ask(id, { type: 'mix', n: each, ids: 10_000, kind: 'sink', seed: at + n }, LONG),
    );
    await Promise.all(asks);
    while ((await census(system, counters)).handled < expected);
  };
  await program.rate('scaling', `mix on ${workers} workers`, 'msg/s', mix, { most: 1e6, first: 5_000 });
  await system.shutdown();
}
const IDS = [1_000, 10_000, 100_000, 1_000_000];
if (getHeapStatistics().heap_size_limit > 12e9) IDS.push(10_000_000);
const bare = new Program('mailboxes in a map');
bare.name = 'mailboxes in a map';
for (const ids of IDS) {
  const all = Array.from({ length: ids }, (_, at) => `counter/${at}`);
  await bare.rate('scaling', `tells to ${ids} actors in turn`, 'msg/s', bareMailboxes(all), {
    most: 5e6,
    first: 10_000,
  });
}
for (const ids of IDS) {
  const system = await createSystem({ workers: 0, actors: { counter }, log: 'error' });
  const all = Array.from({ length: ids }, (_, at) => `counter/${at}`);
  for (let at = 0; at < ids; at++) {
    system.tell(all[at], { type: 'echo', n: 1 });
    if (at % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await system.ask(all[ids - 1], { type: 'take' }, LONG);
  let next = 0;
  const tells = async (n) => {
    for (let at = 0; at < n; at++) {
      next = (next + 7_919) % ids;
      system.tell(all[next], { type: 'echo', n: 1 });
      if (at % 10_000 === 9_999) await new Promise((resolve) => setImmediate(resolve));
    }
    await system.ask(all[0], { type: 'take' }, LONG);
  };
  await program.rate('scaling', `tells to ${ids} actors in turn`, 'msg/s', tells, { most: 5e6, first: 10_000 });
  await system.shutdown();
}

/** A look-up by id, a mailbox and a run queue: what no way to deliver a message does without. */
function bareMailboxes(ids) {
  const actors = new Map(ids.map((id) => [id, { id, mail: [], state: { count: 0 }, queued: false }]));
  const ready = [];
  const run = () => {
    for (const actor of ready.splice(0)) {
      actor.queued = false;
      for (const { n } of actor.mail.splice(0)) actor.state.count += n;
    }
  };
  let next = 0;
  return (n) => {
    for (let at = 0; at < n; at++) {
      next = (next + 7_919) % ids.length;
      const actor = actors.get(ids[next]);
      actor.mail.push({ type: 'echo', n: 1 });
      if (!actor.queued) ready.push(actor);
      actor.queued = true;
      if (at % 10_000 === 9_999) run();
    }
    run();
  };
}
