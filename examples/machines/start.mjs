// Three machines and one PostgreSQL by one command: node examples/machines/start.mjs
// The page shows which machine has which counter. Kill a machine there, stop it, let it go on, let it leave: what was answered is kept.
// TROUPE_CLUSTER: the address of a database; without it one of its own. PORT: of the page, default 3100.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from './database.mjs';

const MACHINES = 3;
const EVENTS_KEPT = 12;
/** Milliseconds for a machine to say what it sees; one that is stopped says nothing. */
const ANSWER_MS = 1_500;
const page = readFileSync(new URL('./page.html', import.meta.url));

const database = await openDatabase().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const folder = mkdtempSync(join(tmpdir(), 'troupe-machines-'));
const machines = [];
const events = [];
let answered = 0;
let isEnding = false;

function startMachine() {
  const number = machines.length + 1;
  const env = { ...process.env, MACHINE: JSON.stringify({ url: database.url, dataDir: join(folder, `${number}`) }) };
  // A group of its own: a machine is killed with all of its processes.
  const child = fork(new URL('./machine.mjs', import.meta.url), { env, detached: true });
  const machine = { number, child, id: undefined, state: 'starting', answer: () => {} };
  machines.push(machine);
  child.on('message', (message) => {
    if (message.answered !== undefined) answered += message.answered;
    else if (message.event !== undefined) note(`${message.event} ${nameOf(message.machine)}, says machine ${number}`);
    else if (message.started !== undefined) Object.assign(machine, { id: message.started, state: 'runs' });
    else machine.answer(message);
  });
  child.on('exit', (code, signal) => {
    machine.state = 'ended';
    machine.answer(undefined);
    note(`machine ${number} has ended (${signal ?? code})`);
  });
}

function note(text) {
  events.unshift(`${new Date().toLocaleTimeString('en-GB')} ${text}`);
  events.length = Math.min(events.length, EVENTS_KEPT);
}

/** A machine that was stopped for longer than its lease comes back under another id, which it says a moment later. */
const nameOf = (id) => {
  const machine = machines.find((one) => one.id === id);
  return machine ? `machine ${machine.number}` : 'a machine';
};

/** What a machine sees; undefined where it does not say. */
function look(machine) {
  if (machine.state !== 'runs') return undefined;
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ANSWER_MS);
    machine.answer = (view) => {
      clearTimeout(timer);
      if (view) machine.id = view.self;
      resolve(view);
    };
    // One that was killed a moment ago is not there to hear it; its exit says so.
    machine.child.send('look', () => {});
  });
}

async function state() {
  // Before the counters are asked: they hold at least as much.
  const answeredBefore = answered;
  const views = await Promise.all(machines.map(look));
  const view = views.find((one) => one?.counters.some(({ count }) => count !== undefined)) ?? views.find((one) => one);
  const numberOf = (id) => machines.find((machine) => machine.id === id)?.number;
  const counters = (view?.counters ?? []).map(({ id, machine, count }) => ({ id, count, machine: numberOf(machine) }));
  return {
    machines: machines.map(({ number, id, state }) => ({
      ...{ number, id, state },
      has: counters.filter(({ machine }) => machine === number).length,
      cluster: view?.machines.find((one) => one.id === id)?.state,
    })),
    ...{ counters, answered: answeredBefore, events },
    kept:
      view && counters.every(({ count }) => count !== undefined)
        ? counters.reduce((sum, { count }) => sum + count, 0)
        : null,
  };
}

const acts = {
  kill: (machine) => signal(machine, 'SIGKILL'),
  stop: (machine) => signal(machine, 'SIGSTOP', 'stopped'),
  continue: (machine) => signal(machine, 'SIGCONT', 'runs'),
  leave: (machine) => machine.child.kill('SIGTERM'),
  start: () => startMachine(),
};

function signal(machine, name, state = machine.state) {
  note(`machine ${machine.number}: ${name}`);
  machine.state = state;
  process.kill(-machine.child.pid, name);
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/') return response.setHeader('content-type', 'text/html').end(page);
  if (pathname === '/state')
    return response.setHeader('content-type', 'application/json').end(JSON.stringify(await state()));
  const [, act, number] = /^\/(kill|stop|continue|leave|start)(?:\/(\d+))?$/.exec(pathname) ?? [];
  const machine = machines.find((one) => one.number === Number(number));
  const isPossible = act === 'start' || (machine !== undefined && machine.state !== 'ended');
  if (request.method !== 'POST' || act === undefined || !isPossible) return response.writeHead(404).end();
  acts[act](machine);
  response.end();
});
server.listen(Number(process.env.PORT ?? 3100), '127.0.0.1', () =>
  console.log(`page: http://localhost:${server.address().port} (Ctrl-C ends all)`),
);
for (let n = 0; n < MACHINES; n++) startMachine();

async function end() {
  if (isEnding) return;
  isEnding = true;
  server.close();
  server.closeAllConnections();
  const running = machines.filter(({ state }) => state !== 'ended');
  const ended = running.map(({ child }) => new Promise((resolve) => child.once('exit', resolve)));
  for (const machine of running) {
    if (machine.state === 'stopped') signal(machine, 'SIGCONT');
    machine.child.kill('SIGTERM');
  }
  await Promise.all(ended);
  await database.end();
  rmSync(folder, { recursive: true, force: true });
}
process.on('SIGINT', end).on('SIGTERM', end);
