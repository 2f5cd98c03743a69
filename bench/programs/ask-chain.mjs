/** An ask that passes eight actors, each on the other worker than the last. */
import { mustBe, Program, windowed } from '../harness/measure.mjs';
import { idOn } from '../harness/placed.mjs';
import { usersSystem } from '../harness/users.mjs';

const HOPS = 8;
const program = new Program('troupe');
const system = await usersSystem();
const path = [];
for (let at = 0, from = 1; at < HOPS; at++) {
  const id = await idOn(system, 'hop', 1 + (at % 2), from);
  from = Number(id.split('/')[1]) + 1;
  path.push(id);
}
const chain = async () => {
  const { n } = await system.ask(path[0], { type: 'pass', path: path.slice(1), n: 1 });
  mustBe(HOPS, n, 'hops');
};
await program.latency('ask-chain', 'through 8 actors', chain);
// An actor that awaits takes no other message: chains in flight wait for each other at each hop.
await program.rate('ask-chain', 'through 8 actors, 64 in flight', 'chains/s', (n) => windowed(n, 64, chain));
await system.shutdown();
