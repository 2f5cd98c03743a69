/** A program that starts a server, freezes it, prints its pids and its folder, and waits to be killed. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PostgresServer } from './postgres-server.ts';

const server = await PostgresServer.start();
const [row] = await server.query<{ folder: string }>(`select current_setting('data_directory') as folder`);
const folder = dirname(row?.folder as string);
const pid = Number(readFileSync(`${row?.folder}/postmaster.pid`, 'utf8').split('\n')[0]);
const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
server.freeze();
process.stdout.write(JSON.stringify({ pids: [pid, ...children], folder }));
setInterval(() => {}, 1_000);
