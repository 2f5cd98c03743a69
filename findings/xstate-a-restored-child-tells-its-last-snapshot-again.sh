#!/usr/bin/env bash
# xstate 5.33.3: an actor that is restored from a persisted snapshot hears the last snapshot of an invoked child again as it
# starts, so the actions of `onSnapshot` run a second time for a value that was handled before. Seen: a counter of snapshots (the first empty one included)
# goes up by the restore alone, though the observable has emitted nothing since.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund xstate@5.33.3 >/dev/null
cat >look.mjs <<'JS'
import { assign, createActor, createMachine, fromObservable } from 'xstate';
let isFirst = true;
const source = fromObservable(() => ({
  subscribe(observer) {
    if (isFirst) observer.next('one value');
    isFirst = false;
    return { unsubscribe() {} };
  },
}));
const count = assign({ n: ({ context }) => context.n + 1 });
const machine = createMachine({ context: { n: 0 }, invoke: { src: source, id: 'source', onSnapshot: { actions: count } } });
const actor = createActor(machine).start();
await new Promise((resolve) => setTimeout(resolve, 20));
const before = actor.getSnapshot().context.n;
const restored = createActor(machine, { snapshot: JSON.parse(JSON.stringify(actor.getPersistedSnapshot())) }).start();
await new Promise((resolve) => setTimeout(resolve, 20));
console.log(`before ${before}, after the restore ${restored.getSnapshot().context.n}`);
JS
seen=$(node look.mjs); echo "$seen"
[ "$seen" = 'before 2, after the restore 3' ]
