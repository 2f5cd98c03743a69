// One to many: who publishes on a topic need not know who reads it. Actors and plain listeners subscribe alike.
import { createSystem } from 'troupe';

const READERS = ['reader/ann', 'reader/ben', 'reader/cleo'];
const system = await createSystem({ actors: new URL('../actors', import.meta.url), workers: 2, log: 'error' });

// Once subscribed, nothing that is published anywhere in the system is missed.
await Promise.all(READERS.map((id) => system.ask(id, { type: 'follow', topic: 'news' })));
const unsubscribe = await system.subscribe('news', (message) => console.log('the listener heard:', message.title));

for (const title of ['Rain', 'Sun', 'Wind']) system.publish('news', { type: 'article', title });

// A publish has its place among the same sender's tells and asks, so by now each has read all three.
for (const id of READERS) {
  const { worker } = await system.where(id);
  const titles = await system.ask(id, { type: 'list' });
  console.log(`${id} on worker ${worker} read: ${titles.join(', ')}`);
}

await unsubscribe();
await system.shutdown();
