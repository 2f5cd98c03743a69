/** 200 rooms of very different sizes, 20 000 people; lines are said in rooms and fan out to all of their members. */
import { Program } from '../harness/measure.mjs';
import { seeded, zipf } from '../harness/random.mjs';
import { census, countsTo, LONG, onEachWorker, usersSystem } from '../harness/users.mjs';

const ROOMS = 200;
const PEOPLE = 20_000;
const TEXT = 'Does anybody know how late it is over there?';
const program = new Program('troupe');
const system = await usersSystem();
const counters = await onEachWorker(system, 'census');
const random = seeded(7);
const aRoom = zipf(ROOMS, random);
const sizes = new Array(ROOMS).fill(0);
for (let at = 0; at < PEOPLE; at++) {
  const room = aRoom();
  sizes[room]++;
  if (!system.tell(`room/${room}`, { type: 'join', id: `member/${at}` })) await system.drained();
}
for (let room = 0; room < ROOMS; room++) await system.ask(`room/${room}`, { type: 'members' }, LONG);
let expected = 0;
const handled = async () => (await census(system, counters)).handled;
const lines = async (n) => {
  for (let at = 0; at < n; at++) {
    // Small rooms talk as much as large ones.
    const room = Math.floor(random() * ROOMS);
    expected += sizes[room];
    if (!system.tell(`room/${room}`, { type: 'say', from: `member/${at}`, text: TEXT })) await system.drained();
  }
  await countsTo(expected, handled);
};
// A line is PEOPLE / ROOMS deliveries on average.
await program.rate('chat', 'lines delivered', 'msg/s', lines, { per: PEOPLE / ROOMS, most: 1e5, first: 200 });
await system.shutdown();
