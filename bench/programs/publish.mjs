/** One publisher, 10 000 subscribers on all workers; each gets every message, in order. */
import { Program } from '../harness/measure.mjs';
import { census, countsTo, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const SUBSCRIBERS = 10_000;
const program = new Program('troupe');
const system = await usersSystem();
const [counters, [source]] = [await onEachWorker(system, 'census'), await onEachWorker(system, 'source')];
let topics = 0;
let expected = 0;
const subscribed = async (topic) => {
  const ids = Array.from({ length: SUBSCRIBERS }, (_, at) => `sink/${topic}-${at}`);
  for (let at = 0; at < ids.length; at += 500)
    await Promise.all(ids.slice(at, at + 500).map((id) => system.subscribe(topic, id)));
};
const publish = async (n) => {
  const topic = `news-${++topics}`;
  await subscribed(topic);
  const start = performance.now();
  expected += n * SUBSCRIBERS;
  await system.ask(source, { type: 'publish', topic, n }, LONG);
  await countsTo(expected, async () => (await census(system, counters)).handled);
  return { seconds: (performance.now() - start) / 1_000 };
};
await program.rate('publish', 'to 10 000 subscribers, deliveries', 'msg/s', publish, {
  per: SUBSCRIBERS,
  most: 500,
  first: 5,
});
await system.shutdown();
