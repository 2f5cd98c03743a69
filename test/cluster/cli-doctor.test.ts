/** `troupe doctor` against a system of real processes in which things are wrong on purpose: each is named, with the right actor, in time. */
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandSystem } from './command-system.ts';
import { until } from './harness.ts';

const ACTOR = `import { execFileSync } from 'node:child_process';
import { defineActor } from 'troupe';
const spin = (ms) => { for (const until = performance.now() + ms; performance.now() < until; ); };
export default defineActor({
  supervision: { intensity: 10_000, periodMs: 1 },
  receive: {
    fall: () => { throw new Error('by the test'); },
    block: (_ctx, { ms }) => spin(ms),
    async later(_ctx, { ms }) { await new Promise((resolve) => setTimeout(resolve, 50)); spin(ms); },
    match: (_ctx, { ms }) => { for (const until = performance.now() + ms; performance.now() < until; ) /^(a+)+$/.test('aaaaaaaaaaaaaaaaaaaaab'); },
    wait: (_ctx, { ms }) => void execFileSync('sleep', [String(ms / 1_000)]),
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
  await system.start(Math.min(2, availableParallelism()));
}, 130_000);
afterAll(() => system.end());

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
  ['loops', 'block', { ms: 9_000 }, /^block|^spin/],
  ['loops behind an await', 'later', { ms: 9_000 }, /^spin/],
  ['matches texts for long', 'match', { ms: 9_000 }, /^match/],
])(
  'the actor, message and line that block an event loop: a handler that %s',
  async (_how, type, fields, line) => {
    const id = `odd/${type}`;
    const { worker, pid } = system.workerOf(id);
    system.troupe('tell', id, type, JSON.stringify(fields));
    const { code, findings, names, ms } = system.doctor();
    expect(names).toContain(`loop-blocked: ${id}`);
    const { evidence } = findings.find((one) => one.id === 'loop-blocked') ?? {};
    expect(evidence).toMatch(`${id} has run '${type}' for `);
    expect(evidence).toMatch(`the event loop of worker ${worker} (pid ${pid})`);
    expect(evidence?.split(', at ')[1]).toMatch(line);
    expect(evidence).toContain('actors/odd.mjs:');
    expect([code, names.includes(`worker-silent: worker ${worker}`)]).toEqual([1, false]);
    expect(ms).toBeLessThan(namedMsMax());
    // It has harmed nothing: the turn ends, and the process is the same.
    expect(system.troupe('ask', id, 'slow', '{"ms":1}', '--timeout', '30000').status).toBe(0);
    expect(system.workerOf(id).pid).toBe(pid);
  },
  60_000,
);

test('a loop that waits in code which is not JavaScript: the worker, and that it cannot be looked into', async () => {
  const { worker, pid } = system.workerOf('odd/native');
  system.troupe('tell', 'odd/native', 'wait', '{"ms":8000}');
  const { findings, names } = system.doctor();
  expect(names).toContain(`loop-blocked: worker ${worker}`);
  expect(findings.find((one) => one.id === 'loop-blocked')?.evidence).toContain('runs no JavaScript');
  expect(system.troupe('ask', 'odd/native', 'slow', '{"ms":1}', '--timeout', '30000').status).toBe(0);
  expect(system.workerOf('odd/native').pid).toBe(pid);
}, 60_000);

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
  await until('it has mail', () => JSON.parse(system.troupe('show', 'odd/hot', '--json').stdout).mailbox.count > 0);
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
