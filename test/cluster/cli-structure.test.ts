/** Commands that show how a system is put together, and end actors, against a system of real processes. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TREE_ACTORS } from '../../src/cli/structure-commands.ts';
import { LISTED_MAX } from '../../src/inspection/inspect-cell.ts';
import { CommandSystem } from './command-system.ts';

const BOSS = `import { defineActor } from 'troupe';
export default defineActor({
  receive: {
    async hire(ctx, { names }) { for (const key of names) await ctx.spawn('boss', { key }); },
    work: () => 'done',
    nap: (_ctx, { ms }) => new Promise((resolve) => setTimeout(resolve, ms)),
    fall: () => { throw new Error('by the test'); },
  },
});
`;
const NOTE = `import { defineActor } from 'troupe';
export default defineActor({
  durable: true,
  state: () => ({ text: '' }),
  receive: {
    write(ctx, { text }) { ctx.state.text = text; },
    read: (ctx) => ctx.state.text,
    remind(ctx, { name, inMs }) { ctx.remind(name, { atMs: ctx.now() + inMs }, { type: 'read' }); },
  },
});
`;
const PAGE = new URL('../../docs/howto/dashboard.md', import.meta.url);
const APP = `import { createSystem } from 'troupe';
await createSystem({ actors: './actors', workers: [{ role: 'web', count: 2 }], log: 'fatal', history: { turns: 10 } });
`;

let system: CommandSystem;
const ask = (...args: string[]): unknown => JSON.parse(system.troupe('ask', ...args, '--json').stdout);

beforeAll(async () => {
  system = new CommandSystem({ boss: BOSS, note: NOTE });
  writeFileSync(join(system.folder, 'app.mjs'), APP);
  await system.start(2, 'app.mjs');
  ask('boss/a', 'hire', '{"names":["b","c"]}');
  ask('boss/b', 'hire', '{"names":["d"]}');
}, 130_000);
afterAll(() => system.end());

test('the tree below an actor, below all that have children, and within its limits', () => {
  const line = /boss\/(\w) {2}ready, worker \d/;
  const { stdout } = system.troupe('tree', 'boss/a');
  const drawn = stdout.trimEnd().split('\n');
  expect(drawn.map((each) => each.replace(line, '$1'))).toEqual(['a', '├─ b', '│  └─ d', '└─ c']);
  expect(system.troupe('tree').stdout).toBe(stdout);
  expect(system.troupe('tree', 'boss/a', '--depth', '1').stdout).not.toContain('boss/d');
  const few = system.troupe('tree', 'boss/a', '--limit', '2').stdout.trimEnd().split('\n');
  expect(few.at(-1)).toBe('└─ … 1 more');
  const [root] = JSON.parse(system.troupe('tree', '--json').stdout);
  expect(root).toMatchObject({
    id: 'boss/a',
    childCount: 2,
    children: [{ id: 'boss/b', childCount: 1 }, { id: 'boss/c' }],
  });
  expect(system.troupe('tree', 'boss/nobody').stdout).toMatch(/^boss\/nobody {2}absent/);
});

test('placement: all shards, kinds, and a pin', () => {
  ask('boss/e', 'work');
  const { worker } = system.workerOf('boss/e');
  const other = 3 - worker;
  expect(system.troupe('move', 'boss/e', `${other}`).status).toBe(0);
  const { columns, kinds, pins, moves } = JSON.parse(system.troupe('placement', '--json').stdout);
  const shards = Object.values(columns[''] as Record<string, number>).reduce((sum, count) => sum + count, 0);
  expect(shards).toBe(1024);
  expect(kinds.note).toEqual({ column: '', role: '', strategy: 'hash' });
  expect(pins.first).toContainEqual(['boss/e', other]);
  expect(moves).toEqual([]);
  expect(system.troupe('placement').stdout).toMatch(new RegExp(`^boss/e +${other}$`, 'm'));
});

test('actors are paused with a reason, let go at a rate, and then altogether', () => {
  const paused = system.troupe('pause', 'boss/p*', '--reason', 'looked at');
  expect([paused.status, paused.stdout]).toEqual([0, expect.stringMatching(/^boss\/p\* is paused \(\d+ ms\)/)]);
  expect(system.troupe('status').stdout).toMatch(/^boss\/p\* is paused since \S+: looked at$/m);
  const late = system.troupe('ask', 'boss/p1', 'work', '--timeout', '500');
  expect([late.status, late.stderr]).toEqual([1, expect.stringContaining('ASK_TIMEOUT')]);
  // Another one goes on.
  expect(system.troupe('ask', 'boss/q', 'work').status).toBe(0);

  const resumed = JSON.parse(system.troupe('resume', 'boss/p*', '--per-second', '50', '--json').stdout);
  expect(resumed).toEqual({ done: 'resume', pattern: 'boss/p*', perSecond: 50 });
  expect(system.troupe('status').stdout).toMatch(/^boss\/p\* is at 50 messages a second, paused since/m);
  expect(system.troupe('ask', 'boss/p1', 'work').status).toBe(0);
  expect(system.troupe('resume', 'boss/p*').stdout).toBe('boss/p* goes on\n');
  const again = system.troupe('resume', 'boss/p*');
  expect([again.status, again.stderr]).toEqual([1, expect.stringContaining('nothing is paused under boss/p*')]);
  for (const rate of ['0', 'x', '1e9']) expect(system.troupe('resume', 'boss/p*', '--per-second', rate).status).toBe(2);
  expect(system.troupe('pause', 'not a pattern').status).toBe(2);
}, 30_000);

test('the flow of messages from kind to kind, of all workers', async () => {
  const stop = await system.client(`setInterval(() => c.tell('boss/flow', { type: 'work' }), 20)`);
  const { flows, more, silent } = JSON.parse(system.troupe('flow', '--json').stdout);
  expect(flows).toContainEqual({
    ...{ from: '(outside)', to: 'boss', perSecond: expect.any(Number), error: 0, count: expect.any(Number) },
    ...{ waitMs: { p50: expect.any(Number), p99: expect.any(Number) } },
    handlingMs: { p50: expect.any(Number), p99: expect.any(Number) },
  });
  expect([flows[0].perSecond > 5, more, silent]).toEqual([true, 0, []]);
  expect(system.troupe('flow').stdout).toMatch(/^\(outside\) +boss +\d+\.\d +\S+ ms/m);
  stop();
  expect(system.troupe('flow', '--help').stdout).toContain('$ troupe flow --json');
}, 30_000);

test('the last turns of an actor', () => {
  ask('boss/h', 'work');
  system.troupe('ask', 'boss/h', 'fall');
  const turns = JSON.parse(system.troupe('history', 'boss/h', '--json').stdout);
  expect(turns).toMatchObject([
    { type: 'work', outcome: 'done', ms: expect.any(Number) },
    { type: 'fall', outcome: 'failed' },
  ]);
  expect(system.troupe('history', 'boss/h', '--last', '1').stdout).toMatch(/fall .* failed/);
  expect(system.troupe('history', 'boss/nobody').stdout).toMatch(/^no turns are known/);
  expect(system.troupe('history', 'boss/h', '--last', '0').status).toBe(2);
});

test('each screen of the page has a command that shows the same', () => {
  const rows = readFileSync(PAGE, 'utf8').matchAll(/^\| ([A-Z][a-z ]+) \|.*`\/api\/.*\| (.*) \|$/gm);
  const twins = [...rows].map(([, screen = '', cell = '']): [string, string] => [screen, cell]);
  expect(twins.length).toBeGreaterThan(11);
  const { stdout } = system.troupe('--help');
  const names = [...stdout.matchAll(/^ {2}([a-z-]+)(?:\|[a-z]+)? \[/gm)].map(([, name]) => name);
  for (const [screen, cell] of twins) expect(names, screen).toContain(/`troupe ([a-z-]+)/.exec(cell)?.[1]);
});

test('reminders, the next one first; the store with its commits; options and what has set them', () => {
  ask('note/late', 'remind', '{"name":"end","inMs":90000000}');
  ask('note/soon', 'remind', '{"name":"begin","inMs":3600000}');
  expect(JSON.parse(system.troupe('reminders', '--json').stdout)).toMatchObject({
    reminders: [
      { id: 'note/soon', name: 'begin', type: 'read', count: 1 },
      { id: 'note/late', name: 'end' },
    ],
  });
  const line = /^DUE .*\n\S+Z {2}note\/soon {2}begin {5}read {5}once +1\n.*note\/late/;
  expect(system.troupe('reminders').stdout).toMatch(line);
  expect(system.troupe('reminders', '--after', 'nonsense').status).toBe(2);

  const store = JSON.parse(system.troupe('store', '--json').stdout);
  expect(store.files.map(({ name }: { name: string }) => name)).toContain('data.mdb');
  const records = store.commits.map(({ commits }: { commits: { records: number } }) => commits.records);
  expect(records.reduce((sum: number, of: number) => sum + of, 0)).toBeGreaterThanOrEqual(2);
  expect(system.troupe('store').stdout).toMatch(/^\S+store: \d+\.\d MiB, .* free\n {2}data\.mdb .*\n\nWORKER /s);

  const settings = JSON.parse(system.troupe('configuration', '--json').stdout);
  expect(settings).toContainEqual({ name: 'workers', value: '2 web', from: 'given' });
  expect(system.troupe('config').stdout).toMatch(/^askTimeoutMs +default +5000$/m);
});

test('an actor is ended, killed and removed; what cannot be taken back needs a yes', () => {
  ask('note/a', 'write', '{"text":"kept"}');
  expect(system.troupe('end', 'note/a', '--reason', 'over').stdout).toBe('note/a has ended\n');
  expect(ask('note/a', 'read')).toBe('kept');
  expect(system.troupe('kill', 'note/a').status).toBe(0);
  expect(ask('note/a', 'read')).toBe('kept');
  const refused = system.troupe('remove', 'note/a');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('say --yes')]);
  expect(ask('note/a', 'read')).toBe('kept');
  expect(system.troupe('remove', 'note/a', '--yes').stdout).toBe('note/a is removed\n');
  expect(ask('note/a', 'read')).toBe('');
  expect(system.troupe('kill', 'not an id').status).toBe(2);
});

test('top: in a terminal it is live, keys choose the order, and the terminal is given back', async () => {
  const { code, text } = await system.inTerminal('top --every 300', ['m', 'r', 'q']);
  expect(code).toBe(0);
  const screens = text.split('\x1b[H\x1b[J').slice(1);
  expect(screens[0]).toContain('OF THE LOOP');
  expect(screens.some((screen) => screen.includes('SINCE'))).toBe(true);
  expect(text.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true);
  expect(text.trimEnd().endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
});

test('top: Ctrl-C gives the terminal back, too', async () => {
  const { code, text } = await system.inTerminal('top', ['\x03']);
  expect([code, text.trimEnd().endsWith('\x1b[?25h\x1b[?1049l')]).toEqual([0, true]);
});

test('top: without a terminal it prints once', () => {
  const { status, stdout } = system.troupe('top', '--sort', 'age', '--every', '200');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+ actors, \d+ waiting, \d+ messages\/s/);
  expect(stdout).toMatch(/^boss\/a +\d +ready/m);
  expect(stdout).not.toContain('\x1b');
  const seen = JSON.parse(system.troupe('top', '--every', '200', '--json').stdout);
  expect(seen.checkups).toHaveLength(3);
  expect(system.troupe('top', '--sort', 'colour').status).toBe(2);
});

test('of a tree no more actors are shown than its limit, unless more are asked for', () => {
  const names = (prefix: string, count: number): string =>
    JSON.stringify({ names: Array.from({ length: count }, (_, n) => `${prefix}${n}`) });
  // As many of each as one look names.
  const [foremen, workers] = [11, LISTED_MAX];
  ask('boss/many', 'hire', names('m', foremen));
  for (let n = 0; n < foremen; n++) ask(`boss/m${n}`, 'hire', names(`m${n}-`, workers));
  const countOf = (...more: string[]): number => {
    const text = system.troupe('tree', 'boss/many', '--json', ...more).stdout;
    return text.match(/"id":/g)?.length ?? 0;
  };
  expect(countOf()).toBe(TREE_ACTORS);
  expect(countOf('--limit', '10000')).toBe(1 + foremen + foremen * workers);
});

test('what takes long tells in a terminal how far it is, and elsewhere nothing', async () => {
  for (const key of ['n1', 'n2', 'n3', 'n4']) ask(`boss/${key}`, 'work');
  const { worker } = system.workerOf('boss/n1');
  system.troupe('tell', 'boss/n1', 'nap', '{"ms":2500}');
  const restarted = await system.inTerminal(`restart ${worker}`, []);
  expect(restarted.text).toMatch(new RegExp(`worker ${worker}: [1-9]\\d* actors left, with 0 messages`));
  expect(restarted.code).toBe(0);
  system.troupe('tell', 'boss/n2', 'nap', '{"ms":2500}');
  const reloaded = await system.inTerminal('reload', []);
  expect(reloaded.text).toMatch(/[01] of 2 workers replaced[\s\S]*all workers run the code on disk/);
  expect(system.troupe('restart', `${worker}`)).toMatchObject({ status: 0, stderr: '' });
}, 60_000);
