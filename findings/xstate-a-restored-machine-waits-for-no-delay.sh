#!/usr/bin/env bash
# xstate 5.33.3: the snapshot that getPersistedSnapshot() gives knows nothing of delays. A machine that is restored in a state
# with `after` stays there for ever, whether the delay had begun before or is new in the code. Seen: a restored machine is
# still in `waiting` after six times its delay, and a fresh one is not. What must go on after a restore has to be kept beside.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund xstate@5.33.3 >/dev/null
cat >look.mjs <<'JS'
import { createActor, createMachine } from 'xstate';
const machine = createMachine({ initial: 'waiting', states: { waiting: { after: { 50: 'done' } }, done: {} } });
const first = createActor(machine).start();
const snapshot = JSON.parse(JSON.stringify(first.getPersistedSnapshot()));
first.stop();
const restored = createActor(machine, { snapshot }).start();
const fresh = createActor(machine).start();
await new Promise((resolve) => setTimeout(resolve, 300));
console.log(`fresh: ${fresh.getSnapshot().value}, restored: ${restored.getSnapshot().value}, keys: ${Object.keys(snapshot)}`);
JS
seen=$(node look.mjs); echo "$seen"
[ "$seen" = 'fresh: done, restored: waiting, keys: status,value,historyValue,context,children' ]
