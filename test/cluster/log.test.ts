/** The program's logger, with what it was told, writes the lines of all processes. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Log } from 'troupe';
import { afterAll, afterEach, expect, test } from 'vitest';
import { idOn, kill, startSystem, stopSystems, TIRELESS, until } from './harness.ts';

const TROUPE = new URL('../../dist/index.js', import.meta.url).href;
const SPEAKER = `import { defineActor } from '${TROUPE}';
  export default defineActor({ receive: {
    say(ctx, { level, fields, text }) { ctx.log[level](fields, text); },
    fail() { throw Object.assign(new TypeError('no'), { card: 'geheim' }); },
    async end(ctx) { ctx.log.fatal({ password: 'geheim' }, 'last words'); process.exit(3); },
  } });`;

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
afterAll(stopSystems);

test('levels, redaction and file hold for every worker, to its last line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  folders.push(folder);
  writeFileSync(join(folder, 'speaker.mjs'), SPEAKER);
  const path = join(folder, 'log.txt');
  const options = {
    level: 'verbose',
    customLevels: { verbose: 15 },
    redact: ['password', 'err.card'],
    base: { app: 'shop' },
  };
  const log = pino(options, pino.destination({ dest: path, sync: true })) as unknown as Log;
  const system = await startSystem({ actors: folder, workers: 2, log, name: 'shop' });
  const lines = (): Record<string, unknown>[] =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const line = async (fits: (one: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> => {
    await until('the line is there', () => lines().some(fits));
    return lines().find(fits) as Record<string, unknown>;
  };

  for (const worker of [1, 2]) {
    const id = await idOn(system, 'speaker', worker);
    for (const level of ['trace', 'debug', 'verbose', 'info'])
      await system
        .ask(id, { type: 'say', level, fields: { password: 'geheim', level_: level }, text: `at ${worker}` })
        .catch(() => {});
    expect(await line(({ msg, level }) => msg === `at ${worker}` && level === 15)).toMatchObject({
      ...{ app: 'shop', system: 'shop', worker, actor: id, password: '[Redacted]' },
    });
    await line(({ msg, level }) => msg === `at ${worker}` && level === 30);
    expect(lines().some(({ msg, level }) => msg === `at ${worker}` && level === 10)).toBe(false);
    await system.ask(id, { type: 'fail' }).catch(() => {});
    expect(await line(({ err, actor }) => err !== undefined && actor === id)).toMatchObject({
      ...{ worker, msg: 'an actor threw', err: { type: 'TypeError', message: 'no', card: '[Redacted]' } },
    });
  }
  await system.ask(await idOn(system, 'speaker', 2), { type: 'end' }).catch(() => {});
  expect(await line(({ msg }) => msg === 'last words')).toMatchObject({ level: 60, worker: 2, password: '[Redacted]' });
  await line(({ msg }) => msg === 'a worker has ended');
  kill(system, 1);
  expect(readFileSync(path, 'utf8')).not.toContain('geheim');
});

test('a level that the logger gets while all runs holds for the workers that are there, and for those to come', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  folders.push(folder);
  writeFileSync(join(folder, 'speaker.mjs'), SPEAKER);
  const path = join(folder, 'log.txt');
  const log = pino({ level: 'warn' }, pino.destination({ dest: path, sync: true }));
  const system = await startSystem({ actors: folder, workers: 1, log: log as unknown as Log, supervision: TIRELESS });
  const isSaid = async (text: string): Promise<boolean> => {
    await system.ask('speaker/a', { type: 'say', level: 'debug', fields: {}, text }).catch(() => {});
    return readFileSync(path, 'utf8').includes(text);
  };
  expect(await isSaid('at warn')).toBe(false);
  log.level = 'debug';
  await until('debug is said', () => isSaid('at debug'));
  kill(system, 1);
  await until('debug is said by the next worker', () => isSaid('of the next'));
  log.level = 'error';
  expect(await isSaid('at error')).toBe(false);
});

test('a logger that throws at each line costs its lines alone: the master goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  folders.push(folder);
  writeFileSync(join(folder, 'speaker.mjs'), SPEAKER);
  let thrown = 0;
  const refuse = (): never => {
    throw new Error(`this logger writes nothing; line ${++thrown}`);
  };
  const log: Log = { debug: refuse, info: refuse, warn: refuse, error: refuse, child: () => log };
  const system = await startSystem({ actors: folder, workers: 1, log });
  kill(system, 1);
  await until('the next worker answers', () =>
    system.ask('speaker/1', { type: 'say', level: 'info', fields: {}, text: 'here' }).then(
      () => true,
      () => false,
    ),
  );
  expect(thrown).toBeGreaterThan(1);
});
const APP = `import { createSystem } from '${TROUPE}';
const system = await createSystem({ actors: './actors', workers: 1, log: 'info', name: 'shop' });
await system.ask('speaker/a', { type: 'say', level: 'info', fields: { n: 1 }, text: 'said' });
await system.shutdown();
`;
const hasScript = spawnSync('script', ['--version']).status === 0;

test.skipIf(!hasScript)(
  'lines are for people on a terminal, of the master and of workers, and JSON elsewhere',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'log-'));
    folders.push(folder);
    mkdirSync(join(folder, 'actors'));
    writeFileSync(join(folder, 'actors', 'speaker.mjs'), SPEAKER);
    writeFileSync(join(folder, 'app.mjs'), APP);
    const options = { cwd: folder, encoding: 'utf8', timeout: 60_000, env: { ...process.env, NO_COLOR: '1' } } as const;
    const piped = spawnSync(process.execPath, ['app.mjs'], options);
    const told = piped.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told).toContainEqual(
      expect.objectContaining({ system: 'shop', worker: 1, actor: 'speaker/a', n: 1, msg: 'said' }),
    );
    // A terminal of its own.
    const shown = spawnSync('script', ['-qefc', `"${process.execPath}" app.mjs`, '/dev/null'], options);
    const lines = shown.stdout.split(/\r?\n/).filter(Boolean);
    expect(lines).toContainEqual(expect.stringMatching(/^[\d:.]{12} INFO {2}worker 1 speaker\/a said n=1$/));
    expect(lines.filter((line) => !/^[\d:.]{12} INFO /.test(line))).toEqual([]);
    expect(lines.length).toBe(told.length);
  },
  60_000,
);
