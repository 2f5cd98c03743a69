/** `troupe doctor` against a system of real processes in which things are wrong on purpose: each is named, with the right actor, in time. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandSystem, type Diagnosis } from './command-system.ts';
import { until } from './harness.ts';

/** Beside the actors: what blocks a loop until then ends as it is there. */
const OVER = 'over';
const ACTOR = `import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { defineActor } from 'troupe';
const spin = (ms) => { for (const until = performance.now() + ms; performance.now() < until; ); };
const LONG_MS = 30_000;
const isOver = () => existsSync('${OVER}');
const spinLong = () => { for (const until = performance.now() + LONG_MS; performance.now() < until && !isOver(); ) spin(250); };
export default defineActor({
  supervision: { intensity: 10_000, periodMs: 1 },
  receive: {
    fall: () => { throw new Error('by the test'); },
    block: (_ctx, { ms }) => spin(ms),
    loop: () => spinLong(),
    async later(_ctx) { await new Promise((resolve) => setTimeout(resolve, 50)); spinLong(); },
    match: () => { for (const until = performance.now() + LONG_MS; performance.now() < until && !isOver(); ) /^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaab'); },
    sleep: () => { for (const until = performance.now() + LONG_MS; performance.now() < until && !isOver(); ) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250); },
    read: () => void readFileSync('pipe'),
    wait: () => void execFileSync('sh', ['-c', 'until [ -e ${OVER} ]; do sleep 0.05; done'], { timeout: LONG_MS }),
    ask: (ctx, { of, timeoutMs }) => ctx.ask(of, { type: 'slow', ms: 1 }, { timeoutMs }).catch(() => {}),
    slow: (_ctx, { ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
  },
});
`;
/** Milliseconds in which it must name what is wrong, on a machine where a command that asks one question takes half a second at most. */
const NAMED_MS_MAX = 5_000;
/** Found of a machine that has too much to do, whatever the test does. */
const OF_THE_MACHINE = /^(timers-late|memory-limit|store-filling)/;

let system: CommandSystem;

beforeAll(async () => {
  system = new CommandSystem({ odd: ACTOR });
  execFileSync('mkfifo', [join(system.folder, 'pipe')]);
  await system.start(Math.min(2, availableParallelism()));
}, 130_000);
afterAll(() => system.end());

/** While an actor blocks the loop of its worker. It has harmed nothing then: the turn ends, and the process is the same. */
function doctorDuring(id: string, type: string): Diagnosis {
  const { pid } = system.workerOf(id);
  system.troupe('tell', id, type);
  try {
    return system.doctor();
  } finally {
    writeFileSync(join(system.folder, OVER), '');
    // One that reads it goes on; where none does there is nothing to open.
    if (type === 'read') appendFileSync(join(system.folder, 'pipe'), 'x');
    expect(system.troupe('ask', id, 'slow', '{"ms":1}', '--timeout', '30000').status).toBe(0);
    expect(system.workerOf(id).pid).toBe(pid);
    rmSync(join(system.folder, OVER));
  }
}

/** As many times as long on a machine that is busy with others. */
function namedMsMax(): number {
  const began = performance.now();
  system.troupe('status');
  return NAMED_MS_MAX * Math.max(1, (performance.now() - began) / 500);
}

test('nothing in a system that is well, and exit code 0', () => {
  const { code, names } = system.doctor('--seconds', '1');
  const own = names.filter((name) => !OF_THE_MACHINE.test(name));
  expect(own).toEqual([]);
  if (names.length > 0) return;
  expect(code).toBe(0);
  expect(system.troupe('doctor', '--seconds', '1').stdout).toBe('nothing found\n');
});

test.each([
  ['loops', 'loop', /^loop|^spin/],
  ['loops behind an await', 'later', /^spin/],
  ['matches texts for long', 'match', /^match/],
  ['waits in Atomics.wait', 'sleep', /^sleep/],
])(
  'the actor, message and line that block an event loop: a handler that %s',
  async (_how, type, line) => {
    const id = `odd/${type}`;
    const { worker, pid } = system.workerOf(id);
    const { code, findings, names, ms } = doctorDuring(id, type);
    expect(names).toContain(`loop-blocked: ${id}`);
    const { evidence } = findings.find((one) => one.id === 'loop-blocked') ?? {};
    expect(evidence).toMatch(`${id} has run '${type}' for `);
    expect(evidence).toMatch(`the event loop of worker ${worker} (pid ${pid})`);
    expect(evidence?.split(', at ')[1]).toMatch(line);
    expect(evidence).toContain('actors/odd.mjs:');
    expect([code, names.includes(`worker-silent: worker ${worker}`)]).toEqual([1, false]);
    expect(ms).toBeLessThan(namedMsMax());
  },
  60_000,
);

test.each([
  [
    'a child process',
    'wait',
    /: it waits in the call epoll_\w+ of the system \(for a child process: execFileSync, spawnSync\)$/,
  ],
  ['a file', 'read', /: it waits in the call openat of the system$/],
])(
  'a loop that waits for %s, which is no JavaScript: the worker, and the call',
  async (_what, type, call) => {
    const id = `odd/${type}`;
    const { worker } = system.workerOf(id);
    const { findings, names, ms } = doctorDuring(id, type);
    expect(names).toContain(`loop-blocked: worker ${worker}`);
    const { evidence } = findings.find((one) => one.id === 'loop-blocked') ?? {};
    expect(evidence).toContain('runs no JavaScript');
    if (process.platform === 'linux') expect(evidence).toMatch(call);
    expect(ms).toBeLessThan(namedMsMax());
  },
  60_000,
);

test('a worker that is stopped, and answers by no thread; the mail that waits on links to it', async () => {
  const { worker, pid } = system.workerOf('odd/frozen');
  process.kill(pid, 'SIGSTOP');
  try {
    const { names } = system.doctor('--seconds', '1');
    expect(names).toContain(`worker-silent: worker ${worker}`);
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}, 30_000);

test('a storm of restarts, by the actor that fails', async () => {
  const stop = await system.client(
    `setInterval(() => { for (let n = 0; n < 5; n++) c.tell('odd/f', { type: 'fall' }); }, 10)`,
  );
  const { code, names, ms } = system.doctor();
  stop();
  expect(names).toContain('actor-restarts: odd/f');
  expect(code).toBe(1);
  expect(ms).toBeLessThan(namedMsMax());
}, 30_000);

test('asks that time out, by the actor that does not answer', async () => {
  const ask = "{ type: 'ask', of: 'odd/sleeper', timeoutMs: 100 }";
  const stop = await system.client(`setInterval(() => c.tell('odd/asker', ${ask}), 100)`);
  system.troupe('tell', 'odd/sleeper', 'slow', '{"ms":20000}');
  const { findings } = system.doctor();
  stop();
  const { about, evidence } = findings.find(({ id }) => id === 'asks-timeout') ?? {};
  expect([about, evidence]).toEqual(['odd/sleeper', expect.stringContaining("(the last one 'slow')")]);
}, 30_000);

test('a hot actor, and its mailbox that grows', async () => {
  const load = "for (let n = 0; n < 400; n++) c.tell('odd/hot', { type: 'block', ms: 0.5 })";
  const stop = await system.client(`setInterval(() => { ${load} }, 100)`);
  // A worker that is as busy may take longer than the command waits.
  await until('it has mail', () => {
    const { stdout } = system.troupe('show', 'odd/hot', '--json');
    return stdout !== '' && JSON.parse(stdout).mailbox.count > 0;
  });
  const { findings, names, ms } = system.doctor();
  stop();
  expect(names).toEqual(expect.arrayContaining(['actor-hot: odd/hot', 'mailbox-growing: odd/hot']));
  expect(findings.find(({ id }) => id === 'actor-hot')?.evidence).toMatch(
    /odd\/hot had \d+ % of the time of worker \d/,
  );
  expect(ms).toBeLessThan(namedMsMax());
}, 30_000);

test('dead letters, by their cause', () => {
  system.troupe('tell', 'nobody/a', 'greet');
  expect(system.doctor('--seconds', '1').names).toContain('dead-letters: UNKNOWN_KIND');
});
