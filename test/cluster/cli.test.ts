/** The program `troupe`, as it is built, against a system with workers that it has started itself. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSystem, defineActor } from 'troupe';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { freePort } from '../free-port.ts';
import { until } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/cli/troupe.js');
const COUNTER = `import { defineActor } from 'troupe';
export default defineActor({
  state: () => ({ count: 0 }),
  receive: {
    add: (ctx, { by = 1 }) => (ctx.state.count += by),
    get: (ctx) => ctx.state.count,
    fail: () => { throw new Error('by the test'); },
    many: () => new Map([['a', 1n]]),
    end: (ctx) => ctx.stop(),
  },
});
`;
const USER = `import { defineActor } from 'troupe';
export default defineActor({
  durable: true,
  state: () => ({ n: 0 }),
  receive: { add: (ctx) => ++ctx.state.n, fail: () => { throw new Error('by the test'); } },
});
`;

let folder: string;
let server: ChildProcess;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function launch(args: readonly string[], cwd: string): ChildProcess {
  const { TROUPE_DATA: _a, TROUPE_DATA_DIR: _b, TROUPE_TOKEN: _c, FORCE_COLOR: _d, ...env } = process.env;
  return spawn(process.execPath, [PROGRAM, ...args], { cwd, env });
}

async function run(args: readonly string[], cwd = folder): Promise<Ran> {
  const child = launch(args, cwd);
  let out = '';
  let err = '';
  child.stdout?.on('data', (data) => (out += data));
  child.stderr?.on('data', (data) => (err += data));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** What a command that is done has written, as JSON. */
async function json(...args: string[]): Promise<unknown> {
  const { code, out, err } = await run([...args, '--json']);
  expect([code, err], out).toEqual([0, '']);
  return JSON.parse(out);
}

async function text(...args: string[]): Promise<string> {
  const { code, out, err } = await run(args);
  expect([code, err], out).toEqual([0, '']);
  // No terminal reads it.
  expect(out).not.toContain('\u001b[');
  return out;
}

/** A project of its own, with the package linked into it. */
function projectWith(actors: Record<string, string>): string {
  const made = mkdtempSync(join(tmpdir(), 'cli-'));
  mkdirSync(join(made, 'node_modules'));
  symlinkSync(ROOT, join(made, 'node_modules', 'troupe'));
  mkdirSync(join(made, 'actors'));
  for (const [kind, source] of Object.entries(actors)) writeFileSync(join(made, 'actors', `${kind}.mjs`), source);
  return made;
}

beforeAll(async () => {
  folder = projectWith({ counter: COUNTER, user: USER });
  server = launch(['start', '--workers', 'web=2', '--name', 'shop', '--log', 'warn'], folder);
  await until('the system is found', async () => (await run(['status'])).code === 0, 30_000);
}, 40_000);

afterAll(async () => {
  if (server.exitCode === null) server.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('troupe looks at a running system', () => {
  test('status: the system and its workers', async () => {
    expect(await json('status')).toMatchObject({
      ...{ name: 'shop', pid: server.pid, metrics: { actors: expect.any(Number) } },
      workers: [
        { index: 1, role: 'web', state: 'ready' },
        { index: 2, role: 'web', state: 'ready' },
      ],
    });
    expect(await text('status')).toMatch(/^shop {2}pid \d+, Node.js v\d+.*\n\d+ actors in memory/);
  });

  test('ls: kinds, and the ids of a durable one in pages', async () => {
    for (const key of ['a', 'b', 'c']) await json('ask', `user/${key}`, 'add');
    expect(await json('ls')).toMatchObject({ user: { activations: 3, messages: 3 }, counter: {} });
    expect(await json('ls', 'user')).toEqual(['user/a', 'user/b', 'user/c']);
    expect(await text('ls', 'user', '--after', 'user/a', '--limit', '1')).toBe('user/b\n');
    // As other command lines call it.
    expect(await text('list', 'user', '--after', 'user/a', '--limit', '1')).toBe('user/b\n');
    const page = (await json('ls', 'user', '--sort', 'id', '--limit', '2')) as {
      actors: { id: string }[];
      next: string;
    };
    expect(page.actors.map(({ id }) => id)).toEqual(['user/a', 'user/b']);
    expect(await text('ls', 'user', '--sort', 'id', '--after', page.next)).toMatch(/^ACTOR .*\nuser\/c .* ready /);
    const beside = (await json('ls', 'user,counter', '--sort', 'id', '--limit', '1')) as {
      kind: string;
      actors: object[];
    }[];
    expect(beside).toMatchObject([
      { kind: 'user', actors: [{ id: 'user/a' }] },
      { kind: 'counter', actors: [] },
    ]);
    expect(await text('ls', 'user,counter', '--sort', 'id')).toMatch(/^user\nACTOR .*\nuser\/a .*\n\ncounter\nACTOR /s);
    expect(await run(['ls', 'user,nobody', '--sort', 'id'])).toMatchObject({ code: 1 });
    expect(await run(['ls', 'user,counter', '--sort', 'id', '--after', 'user/a'])).toMatchObject({ code: 2 });
    expect(await run(['ls', '--sort', 'size'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('INVALID_OPTIONS'),
    });
    expect(await run(['ls', 'counter'])).toMatchObject({ code: 2, err: expect.stringContaining('durable') });
  });

  test('show: what an actor does and has, without waking it', async () => {
    expect(await json('show', 'counter/asleep')).toMatchObject({ id: 'counter/asleep', status: 'absent' });
    await json('ask', 'counter/awake', 'add');
    expect(await json('show', 'counter/awake')).toMatchObject({ status: 'ready', state: { count: 1 } });
    expect(await text('show', 'counter/awake')).toMatch(
      /^counter\/awake\nstatus +ready since .*\nworker +[12], pid \d+$/m,
    );
  });

  test('events and dead letters: what could not be handled, and once more', async () => {
    const events = run(['events', '--only', 'dead-letter', '--count', '1', '--for', '20000', '--json']);
    // The command listens once it has asked for the first time; a letter that is too early is not its business.
    let isOver = false;
    void events.finally(() => (isOver = true));
    while (!isOver) await run(['tell', 'user/x', 'fail']);
    expect(JSON.parse((await events).out)).toMatchObject({ event: 'dead-letter', to: 'user/x', type: 'fail' });
    await run(['tell', 'counter/nosuch', 'nosuch']);
    const letters = (await json('dead-letters')) as { id: string; to: string; reason: string }[];
    // A volatile actor's is in the memory of its worker alone; a durable actor's is listed once, from disk.
    const { worker } = (await json('show', 'counter/nosuch')) as { worker: number };
    expect(letters.filter(({ to }) => to === 'counter/nosuch')).toMatchObject([
      { reason: 'UNKNOWN_MESSAGE', preview: "{ type: 'nosuch' }", worker },
    ]);
    expect(await text('dead-letters')).toMatch(new RegExp(`^\\(worker ${worker}\\) .*counter/nosuch`, 'm'));
    expect(letters.filter(({ to, id }) => to === 'user/x' && id === undefined)).toEqual([]);
    const letter = letters.find(({ to, id }) => to === 'user/x' && id !== undefined);
    expect(letter).toMatchObject({ reason: 'HANDLER_FAILED', preview: "{ type: 'fail' }" });
    expect(await text('dead-letters')).toContain(letter?.id);
    expect(await run(['dead-letters', '--resend', letter?.id ?? ''])).toMatchObject({
      ...{ code: 1, err: expect.stringContaining('HANDLER_FAILED') },
    });
    const left = (await json('dead-letters')) as { id?: string }[];
    expect(left.map(({ id }) => id)).not.toContain(letter?.id);
    const again = ((await json('dead-letters')) as { id?: string }[]).find(({ id }) => id !== undefined);
    expect(await json('dead-letters', '--discard', again?.id ?? '')).toEqual({ letter: again?.id, done: true });
    expect(await run(['dead-letters', '--discard', again?.id ?? ''])).toMatchObject({ code: 1 });
  }, 60_000);
});

describe('troupe talks with actors', () => {
  test('tell and ask: a type with its fields, or a whole message', async () => {
    expect(await json('tell', 'counter/t', 'add', '{"by":2}')).toEqual({ id: 'counter/t', accepted: true });
    expect(await json('ask', 'counter/t', '{"type":"add","by":3}')).toBe(5);
    expect(await text('ask', 'counter/t', 'get')).toBe('5\n');
    expect(await json('ask', 'counter/t', 'many')).toEqual([['a', '1']]);
  });

  test.each([
    ['counter/t', 'ad', 'UNKNOWN_MESSAGE', 'the actor has no handler for this message type'],
    ['user/t', 'ad', 'UNKNOWN_MESSAGE', 'the actor has no handler for this message type'],
    ['count/t', 'add', 'UNKNOWN_KIND', 'no definition has this kind'],
  ])('tell: %s has nothing for %s, which is said', async (id, type, code, meaning) => {
    // It is listened for a moment only: a worker that is slow to say so is asked again.
    const told = await vi.waitUntil(
      async () => {
        const ran = await run(['tell', id, type]);
        return ran.code !== 0 && ran;
      },
      { timeout: 20_000 },
    );
    expect([told.code, told.out]).toEqual([1, '']);
    expect(told.err).toContain(`the message '${type}' to ${id} became a dead letter: ${meaning}`);
    expect(told.err).toContain(code);
  });

  test('tell: of a durable actor that is paused it is said that the message waits, and it is handled after the resume', async () => {
    await json('pause', 'user/p*', '--reason', 'by the test');
    expect(await json('tell', 'user/pat', 'add')).toMatchObject({
      ...{ id: 'user/pat', accepted: false, pause: { pattern: 'user/p*', reason: 'by the test' } },
    });
    expect(await text('tell', 'user/pat', 'add')).toMatch(
      /^user\/pat: waits, since user\/p\* is paused \(by the test\); /,
    );
    expect(await json('show', 'user/pat')).toMatchObject({ status: 'paused', mailbox: { count: 2 } });
    await json('resume', 'user/p*');
    expect(await json('ask', 'user/pat', 'add')).toBe(3);
  }, 60_000);

  test('watch: why an actor has ended', async () => {
    expect(await json('watch', 'counter/none')).toEqual({ id: 'counter/none', reason: 'not-found' });
    await json('ask', 'counter/w', 'get');
    expect(await run(['watch', 'counter/w', '--timeout', '200'])).toMatchObject({ code: 1, out: '' });
    const ended = json('watch', 'counter/w', '--timeout', '20000');
    await json('tell', 'counter/w', 'end');
    expect(['stopped', 'not-found']).toContain(((await ended) as { reason: string }).reason);
  });
});

describe('troupe steers', () => {
  test('move: an actor with its state', async () => {
    await json('ask', 'counter/m', 'add', '{"by":7}');
    for (const worker of [1, 2]) {
      expect(await json('move', 'counter/m', `${worker}`)).toMatchObject({ done: 'move' });
      expect(await json('show', 'counter/m')).toMatchObject({ worker });
    }
    expect(await json('ask', 'counter/m', 'get')).toBe(7);
    expect(await run(['move', 'counter/m', '99'])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/worker 99; ready now: 1, 2 \(NO_WORKER\)/),
    });
  });

  test('add-worker, drain, restart, reload', async () => {
    expect(await json('add-worker', '--role', 'web')).toMatchObject({ done: 'add-worker', answer: 3 });
    expect(await json('drain', '3')).toMatchObject({ done: 'remove-worker' });
    const pids = async (): Promise<number[]> =>
      ((await json('status')) as { workers: { pid: number }[] }).workers.map(({ pid }) => pid);
    const before = await pids();
    expect(before).toHaveLength(2);
    expect(await text('restart', '1')).toMatch(/^worker 1 is ready again/);
    const between = await pids();
    expect([between[0] === before[0], between[1] === before[1]]).toEqual([false, true]);
    expect(await json('reload')).toMatchObject({ done: 'reload' });
    expect((await pids()).filter((pid) => between.includes(pid))).toEqual([]);
  }, 60_000);
});

describe('exit codes', () => {
  test.each([
    [['frob'], "unknown command 'frob'"],
    [['move', 'counter/a'], 'worker: expected a whole number from 1'],
    [['move', 'counter/a', 'one'], "expected a whole number from 1 to 1000000; got 'one'"],
    [['status', '--loud'], "unknown option '--loud'"],
    [['tell', 'counter/a', 'add', '{by:2}'], `expected a JSON object such as '{"by":2}'`],
    [['ask', 'no id', 'get'], 'INVALID_ACTOR_ID'],
    [['events', '--only', 'dead-leter'], "got 'dead-leter'"],
    [['start', '--workers', 'web=2=3'], 'expected a number or role=n'],
    [['start', '--actors', './nowhere'], 'INVALID_OPTIONS'],
    [['status', '--connect', 'http://x'], 'INVALID_OPTIONS'],
    [['status', '--connect', 'tcp://127.0.0.1:1', '--data', 'x'], 'leave out --data'],
  ])('2 for wrong use: %j', async (args, words) => {
    const { code, err } = await run(args);
    expect([code, err]).toEqual([2, expect.stringContaining(words)]);
  });

  test('3 where no system is found, with words that say what to do', async () => {
    const { code, out, err } = await run(['status', '--data', join(folder, 'elsewhere')]);
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/no system was found.*troupe start.*--data DIR, TROUPE_DATA \(NO_SYSTEM\)\n$/);
    const gone = await run(['status', '--connect', `tcp://127.0.0.1:${await freePort()}`, '--json']);
    expect(gone).toMatchObject({ code: 3, out: '' });
    expect(JSON.parse(gone.err)).toMatchObject({ error: { code: 'NO_SYSTEM' } });
  });

  test('1 for what the actor or the system refuses, as JSON where that is asked for', async () => {
    const { code, out, err } = await run(['ask', 'counter/a', 'fail', '--json']);
    expect([code, out, JSON.parse(err)]).toMatchObject([
      1,
      '',
      { error: { code: 'HANDLER_FAILED', fate: 'executed' } },
    ]);
  });

  test('--help says how each command is used, with an example', async () => {
    const help = await text('--help');
    const names = [...help.matchAll(/^ {2}([a-z-]+)(?:\|[a-z]+)? \[options\]/gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(30);
    for (const name of names) expect(await text(name, '--help'), name).toMatch(/\nExample:\n {2}\$ troupe /);
  }, 60_000);
});

describe('completion', () => {
  const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;

  test('bash completes commands, and the options of each', async () => {
    const script = await text('completion', 'bash');
    const complete = (...words: string[]): string[] => {
      const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _troupe; echo "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', `${script}\n${line}`], { encoding: 'utf8' })
        .trim()
        .split(' ');
    };
    expect(complete('troupe', 'rest')).toEqual(['restart', 'restore']);
    expect(complete('troupe', 'relo')).toEqual(['reload']);
    expect(complete('troupe', 'move', '--')).toEqual([
      '--data',
      '--system',
      '--connect',
      '--token',
      '--machine',
      '--json',
      '--help',
    ]);
    expect(complete('troupe', 'new', '--j')).toEqual(['--js', '--json']);
    expect(complete('troupe', 'insp')).toEqual(['inspect']);
    expect(complete('troupe', 'list', '--so')).toEqual(['--sort']);
    expect(complete('troupe', 'frob', '--j')).toEqual(['']);
  });

  test.each(['bash', 'zsh', 'fish'])('%s reads its script, where it is installed', async (shell) => {
    const script = await text('completion', shell);
    for (const name of ['status', 'doctor', 'completion']) expect(script).toContain(name);
    const file = join(folder, `completion.${shell}`);
    writeFileSync(file, script);
    if (isThere(shell))
      expect(spawnSync(shell, ['-n', file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    if (shell === 'fish' && isThere(shell))
      expect(spawnSync(shell, ['-c', `source ${file}; complete -C 'troupe rel'`], { encoding: 'utf8' }).stdout).toMatch(
        /^reload\t/,
      );
    expect(await run(['completion', 'tcsh'])).toMatchObject({ code: 2, err: expect.stringContaining("got 'tcsh'") });
  });
});

test('with an address and a token it may do what the token gives', async () => {
  const port = await freePort();
  const url = `tcp://127.0.0.1:${port}`;
  const system = await createSystem({
    ...{ actors: { counter: defineActor({ receive: { get: () => 1 } }) }, workers: 0, signals: false, log: 'silent' },
    ...{ controlSocket: false, listen: [{ url, clients: [{ token: 'viewer', may: ['observe'] }] }] },
  });
  const reach = ['--connect', url, '--token', 'viewer'];
  expect(await run(['status', ...reach])).toMatchObject({ code: 0, out: expect.stringContaining('no workers') });
  for (const args of [
    ['ask', 'counter/a', 'get'],
    ['tell', 'counter/a', 'get'],
    ['watch', 'counter/a'],
    ['reload'],
    ['stop'],
  ])
    expect(await run([...args, ...reach])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('FORBIDDEN'),
    });
  expect(await run(['status', '--connect', url, '--token', 'wrong'])).toMatchObject({
    ...{ code: 1, err: expect.stringContaining('FORBIDDEN') },
  });
  await system.shutdown();
}, 60_000);

test('stop: the system drains, ends with 0, and leaves no socket', async () => {
  expect(server.exitCode).toBeNull();
  const ended = once(server, 'exit');
  expect(await text('stop', '--timeout', '5000')).toBe('the system has ended\n');
  expect(await ended).toEqual([0, null]);
  expect(existsSync(join(folder, '.troupe', 'control'))).toBe(false);
  expect(await run(['status'])).toMatchObject({ code: 3 });
}, 30_000);
