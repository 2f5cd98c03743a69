#!/usr/bin/env bash
# xstate 5.33.3 with TypeScript 5.9.3 and 6.0.3: a program that imports `setup` does not compile where `exactOptionalPropertyTypes` is
# on and libraries are checked (`skipLibCheck: false`). The fault lies in the package's own declarations of `setup`, not in the program.
# With either of the two options the other way it compiles.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
echo '{ "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --no-save xstate@5.33.3 >/dev/null
cat >program.ts <<'TS'
import { setup } from 'xstate';
export const lamp = setup({}).createMachine({ initial: 'off', states: { off: {} } });
TS
for version in 5.9.3 6.0.3; do
  mkdir "$version" && (cd "$version" && echo '{}' >package.json && npm install --silent --no-audit --no-fund --no-save "typescript@$version" >/dev/null)
  for options in '--exactOptionalPropertyTypes' '--exactOptionalPropertyTypes --skipLibCheck' ''; do
    # shellcheck disable=SC2086
    faults=$(node "$version/node_modules/typescript/bin/tsc" --noEmit --strict --target es2022 --module nodenext $options program.ts | grep -oE '^[^(]+\([0-9,]+\): error TS[0-9]+' | sed -E 's/\(.*\)//' | sort -u || true)
    echo "$version ${options:-neither}: ${faults:-compiles}"
  done
done | tee seen.txt
diff seen.txt - <<'TXT'
5.9.3 --exactOptionalPropertyTypes: node_modules/xstate/dist/declarations/src/setup.d.ts: error TS2344
5.9.3 --exactOptionalPropertyTypes --skipLibCheck: compiles
5.9.3 neither: compiles
6.0.3 --exactOptionalPropertyTypes: node_modules/xstate/dist/declarations/src/setup.d.ts: error TS2344
6.0.3 --exactOptionalPropertyTypes --skipLibCheck: compiles
6.0.3 neither: compiles
TXT
