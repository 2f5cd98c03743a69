#!/usr/bin/env bash
# xstate 5.33.3: in a persisted snapshot an actor in the context becomes its id, also in lists and objects inside of it, but inside
# of a Map or Set the live actor stays. A machine that is restored from it sends to the actor of the machine before, while its own
# child hears nothing; structuredClone of the snapshot throws. The documentation shows snapshots that go through JSON, where
# a Map becomes {} anyway, and says nothing of actors in a Map. Keep refs in plain objects.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save xstate@5.33.3 >/dev/null
cat >look.mjs <<'JS'
import { assign, createActor, setup } from 'xstate';
const counter = setup({}).createMachine({ context: { n: 0 }, on: { hit: { actions: assign({ n: ({ context }) => context.n + 1 }) } } });
const machine = setup({ actors: { counter } }).createMachine({
  context: ({ spawn }) => {
    const ref = spawn('counter', { id: 'one' });
    return { inObject: { ref }, inMap: new Map([['ref', ref]]) };
  },
  on: {
    byObject: { actions: ({ context }) => context.inObject.ref.send({ type: 'hit' }) },
    byMap: { actions: ({ context }) => context.inMap.get('ref').send({ type: 'hit' }) },
  },
});
const hitsOf = (actor) => actor.getSnapshot().children.one.getSnapshot().context.n;
const first = createActor(machine).start();
const snapshot = first.getPersistedSnapshot();
const { inObject, inMap } = snapshot.context;
console.log(`persisted: in an object ${JSON.stringify(inObject.ref)}, in a Map ${typeof inMap.get('ref').send === 'function' ? 'a live actor' : 'an id'}`);
try {
  structuredClone(snapshot);
} catch (error) {
  console.log(`structuredClone: ${error.name}`);
}
const restored = createActor(machine, { snapshot }).start();
restored.send({ type: 'byObject' });
console.log(`by the object: restored ${hitsOf(restored)}, first ${hitsOf(first)}`);
restored.send({ type: 'byMap' });
console.log(`by the Map: restored ${hitsOf(restored)}, first ${hitsOf(first)}`);
JS
node look.mjs | tee seen.txt
diff seen.txt - <<'TXT'
persisted: in an object {"xstate$$type":1,"id":"one"}, in a Map a live actor
structuredClone: DataCloneError
by the object: restored 1, first 0
by the Map: restored 1, first 1
TXT
