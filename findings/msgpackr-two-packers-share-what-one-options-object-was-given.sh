#!/usr/bin/env bash
# msgpackr 2.1.3: a Packr writes `structures` and `maxSharedStructures` into the options object that it is given, and a second
# Packr made with that object shares the table with the first. Where each is for a connection of its own the second one's
# first record then refers to a definition that its reader never saw. Seen: the two tables are one object, and a reader of
# the second packer's bytes alone throws. Give each Packr an object of its own.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null && npm install --silent --no-audit --no-fund msgpackr@2.1.3 >/dev/null
cat >look.mjs <<'JS'
import { Packr } from 'msgpackr';
const options = { useRecords: true, sequential: true };
const [first, second] = [new Packr(options), new Packr(options)];
first.pack({ one: 1 });
const bytes = second.pack({ one: 1 });
let read;
try {
  read = JSON.stringify(new Packr({ useRecords: true, sequential: true }).unpack(bytes));
} catch (error) {
  read = error.message;
}
console.log(`one table: ${first.structures === second.structures}; keys: ${Object.keys(options)}; read: ${read}`);
JS
seen=$(node look.mjs); echo "$seen"
[[ $seen == 'one table: true; keys: useRecords,sequential,trusted,structures,maxSharedStructures; read: '*'end of buffer not reached'* ]]
