// One burst of a source: tells, asks and a publish, in one numbering.
import { appendFileSync } from 'node:fs';
import { outcomeOf } from './_outcome.mjs';

/** A new incarnation's numbers are higher than those of all before it: order is promised over a crash, too. */
export function firstNumber() {
  return (Date.now() % 1e9) * 1e4;
}

/** Gives the asks, each settled once its outcome is written. `system`: a ctx, or the system of a process. */
export function streamOut(system, from, { sinks, topic, burst, path }, next) {
  const asks = [];
  const note = (...words) => appendFileSync(path, `${words.join(' ')}\n`);
  for (let round = 0; round < burst; round++) {
    for (const to of sinks) {
      const n = next();
      const message = { type: 'item', n, from };
      if (n % 4 === 0) {
        note('sent', from, 'ask', to, n, process.pid);
        const asked = outcomeOf(system.ask(to, message));
        asks.push(
          asked.then(({ value, fault }) =>
            note('settled', from, n, value ?? '-', fault?.code ?? '-', fault?.fate ?? '-'),
          ),
        );
      } else {
        note('sent', from, 'tell', to, n, process.pid);
        system.tell(to, message);
      }
    }
    if (!topic) continue;
    const n = next();
    note('sent', from, 'publish', topic, n, process.pid);
    system.publish(topic, { type: 'item', n, from });
  }
  return asks;
}
