#!/usr/bin/env bash
# lmdb 3.5.6 with its default keys (ordered-binary 1.6.3): the number -0 is a key of its own, behind all other numbers. It comes back
# as an array of a text and nulls, also where it stands inside of an array, and no range of numbers finds it. A sum or a
# product that happens to be -0 is enough: -1 * 0. The documentation says that numbers are keys, in the order of numbers. Add 0
# to what may be -0 before it becomes a key.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts lmdb@3.5.6 ordered-binary@1.6.3 >/dev/null
cat >look.mjs <<'JS'
import { open } from 'lmdb';
const show = (value) => JSON.stringify(value);
const db = open({ path: 'data' });
for (const key of [-1, -1 * 0, 0, 1]) await db.put(key, Object.is(key, -0) ? 'minus zero' : String(key));
console.log('all:', [...db.getRange()].map(({ key, value }) => `${show(key)} is ${value}`).join(', '));
console.log('from -1 to 1:', [...db.getRange({ start: -1, end: 2 })].map(({ value }) => value).join(', '));
await db.put(['at', -1 * 0], 'inside');
console.log('inside an array:', show([...db.getRange({ start: ['at'] })].map(({ key }) => key).find(([first]) => first === 'at')));
await db.close();
JS
node look.mjs | tee seen.txt
diff seen.txt - <<'TXT'
all: -1 is -1, 0 is 0, 1 is 1, ["\u0018",null] is minus zero
from -1 to 1: -1, 0, 1
inside an array: ["at","\u0018",null,null,null]
TXT
