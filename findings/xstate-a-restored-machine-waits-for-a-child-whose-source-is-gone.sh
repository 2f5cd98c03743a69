#!/usr/bin/env bash
# xstate 5.33.3: a machine that is restored with code in which the source of an invoked child has another name drops the child without a
# word. The machine is `active`, in the state that invokes, and neither `onDone` nor `onError` ever comes. A fresh machine
# of the same code does invoke, and one whose source is not implemented at all fails at its start. The page on persistence
# does not tell of it. After a restore, look whether each child of the snapshot is there.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save xstate@5.33.3 >/dev/null
cat >look.mjs <<'JS'
import { createActor, fromPromise, setup } from 'xstate';
const machineWith = (name, ways = [name]) =>
  setup({ actors: Object.fromEntries(ways.map((way) => [way, fromPromise(async () => 'paid')])) }).createMachine({
    initial: 'paying',
    states: { paying: { invoke: { id: 'payment', src: name, onDone: 'done', onError: 'failed' } }, done: {}, failed: {} },
  });
const soon = () => new Promise((resolve) => setTimeout(resolve, 200));
const shown = ({ value, status, children }) => `${value}, ${status}, ${Object.keys(children).length} children`;

const before = createActor(machineWith('pay')).start();
const snapshot = JSON.parse(JSON.stringify(before.getPersistedSnapshot()));
const faults = [];
const start = async (machine, options) => {
  const actor = createActor(machine, options);
  actor.subscribe({ error: (error) => faults.push(error.message.split('.')[0]) });
  actor.start();
  await soon();
  return shown(actor.getSnapshot());
};
console.log('same name, restored:', await start(machineWith('pay'), { snapshot }));
console.log('new name, fresh:', await start(machineWith('payByCard')));
console.log('new name, restored:', await start(machineWith('payByCard'), { snapshot }), '| errors:', faults.length);
console.log('no such source, fresh:', await start(machineWith('pay', [])), '|', faults.length, 'error');
JS
node look.mjs | tee seen.txt
diff seen.txt - <<'TXT'
same name, restored: done, active, 0 children
new name, fresh: done, active, 0 children
new name, restored: paying, active, 0 children | errors: 0
no such source, fresh: paying, error, 1 children | 1 error
TXT
