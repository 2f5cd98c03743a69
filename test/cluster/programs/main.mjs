// `main` of the test systems: makes the calls that a test publishes, and publishes what came of them.
import { outcomeOf } from '../actors/_outcome.mjs';

export default async (system) => {
  await system.subscribe(`main-${system.self.worker}`, async ({ number, call, args }) => {
    const outcome = await outcomeOf(callOf(system, call, args));
    system.publish('from-main', { type: 'done', number, ...outcome });
  });
};

async function callOf(system, call, args) {
  if (call === 'talk') return talk(system, ...args);
  if (call === 'mix') return mix(system, ...args);
  return system[call](...args);
}

async function talk(system, to, count, from) {
  for (let n = 0; n < count; n++) if (!system.tell(to, { type: 'note', n, from })) await system.drained();
}

async function mix(system, to, topic, count, from) {
  const asks = [];
  for (let n = 0; n < count; n++) {
    const message = { type: 'note', n, from };
    if (n % 3 === 0) system.tell(to, message);
    else if (n % 3 === 1) asks.push(system.ask(to, message));
    else system.publish(topic, message);
  }
  await Promise.all(asks);
}
