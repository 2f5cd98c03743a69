/** What a user may get wrong: every fault is told once, with its place and cause, and nothing is left running. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystem, type SystemOptions } from 'troupe';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ACTORS,
  childrenOf,
  type Fault,
  faultOf,
  kill,
  sleep,
  socketFoldersOf,
  startSystem,
  stopSystems,
  until,
} from './harness.ts';
import { Program } from './program.ts';

const TROUPE = new URL('../../dist/index.js', import.meta.url).href;
const FINE = `import { defineActor } from '${TROUPE}'; export default defineActor({ receive: { get: () => 1 } });`;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'input-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(stopSystems);

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Starting fails, and leaves no process and no socket behind. */
async function faultOfStart(options: SystemOptions): Promise<Fault> {
  const before = { children: childrenOf(process.pid).length, folders: socketFoldersOf(process.pid).length };
  const began = Date.now();
  const fault = await faultOf(createSystem({ workers: 2, log: 'silent', ...options }));
  expect(Date.now() - began).toBeLessThan(8_000);
  await until('nothing is left', () => childrenOf(process.pid).length === before.children);
  expect(socketFoldersOf(process.pid)).toHaveLength(before.folders);
  return fault;
}

describe('the actors folder', () => {
  test('that does not exist is named', async () => {
    const missing = join(folder, 'missing');
    const { code, message } = await faultOfStart({ actors: missing });
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toContain(missing);
  });

  test('that is a file is named', async () => {
    const { code, message } = await faultOfStart({ actors: write('file.mjs', FINE) });
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toContain('file.mjs');
  });

  test('without actors is refused, whatever else is in it', async () => {
    write('_helper.mjs', 'export default 1;');
    write('notes.txt', 'nothing');
    write('types.d.ts', 'export {};');
    mkdirSync(join(folder, 'sub'));
    const { code, message } = await faultOfStart({ actors: folder });
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toContain(`got none in ${folder}`);
  });

  test('with two files of one kind is refused, and both are named', async () => {
    write('counter.mjs', FINE);
    write('counter.js', FINE);
    const { message } = await faultOfStart({ actors: folder });
    expect(message).toContain('got counter.js and counter.mjs');
  });

  test('with a file whose name is no kind is refused', async () => {
    write('Counter.mjs', FINE);
    expect((await faultOfStart({ actors: folder })).message).toContain('Counter.mjs');
  });

  test.each([
    ['throws', `throw new RangeError('no luck');`, /throws\.mjs.*RangeError: no luck/],
    ['does not parse', 'export default {', /does-not-parse\.mjs.*SyntaxError/],
    ['imports what is not there', `import './missing.mjs';`, /imports-what-is-not-there\.mjs.*missing\.mjs/],
    ['has no default export', 'export const a = 1;', /has-no-default-export\.mjs/],
    ['exports a function', 'export default () => 1;', /exports-a-function\.mjs/],
    ['exports a plain object', 'export default { receive: {} };', /exports-a-plain-object\.mjs/],
  ])('with a module that %s: file and cause are named', async (what, text, expected) => {
    write('fine.mjs', FINE);
    write(`${what.replaceAll(' ', '-')}.mjs`, text);
    const { code, message } = await faultOfStart({ actors: folder });
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toMatch(expected);
  });

  test.each(['counter.js', 'counter.ts'])(
    'with %s in a package of CommonJS: the error says what to write into package.json',
    async (name) => {
      write('package.json', '{ "type": "commonjs" }');
      write(name, FINE);
      const { code, message } = await faultOfStart({ actors: folder });
      expect(code).toBe('INVALID_OPTIONS');
      expect(message).toMatch(/counter\.(js|ts): expected an ECMAScript module \("type": "module".*; got/);
    },
  );

  test('with a module that throws in the workers only: the same, and each worker was tried once', async () => {
    const log = join(folder, 'tries');
    const text = `import { appendFileSync } from 'node:fs';
      if (process.env.TROUPE_WORKER) { appendFileSync('${log}', 'x'); throw new RangeError('not here'); }
      ${FINE}`;
    write('here.mjs', text);
    const { code, message } = await faultOfStart({ actors: folder });
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toMatch(/here\.mjs.*RangeError: not here/);
    await sleep(300);
    expect(readFileSync(log, 'utf8').length).toBeLessThanOrEqual(2);
  });

  test('with a module that ends the process as it loads in a worker: the start fails, it does not loop', async () => {
    write('exits.mjs', `if (process.env.TROUPE_WORKER) process.exit(3);\n${FINE}`);
    const supervision = { intensity: 2, periodMs: 30_000, backoff: { initialMs: 10, maxMs: 10 } };
    const { code } = await faultOfStart({ actors: folder, supervision });
    expect(code).toBe('NO_WORKER');
  });

  test('that breaks while the system runs: a worker that ends then is tried within its intensity, and given up', async () => {
    write('fine.mjs', FINE);
    const supervision = { intensity: 2, periodMs: 30_000, backoff: { initialMs: 10, maxMs: 10 } };
    const system = await startSystem({ actors: folder, workers: 2, supervision });
    const givenUp: unknown[] = [];
    system.on('worker-given-up', (event) => givenUp.push(event));
    write('fine.mjs', `throw new Error('broken by now');`);
    kill(system, 2);
    await until('it is given up', () => givenUp.length > 0);
    expect(givenUp).toEqual([{ worker: 2, role: 'worker', restarts: 2 }]);
    expect(await system.ask('fine/a', { type: 'get' })).toBe(1);
  });
});

describe('a start with a dataDir that fails', () => {
  const durable = `import { defineActor } from '${TROUPE}';
    export default defineActor({ durable: true, state: () => 0, receive: { get: (ctx) => ctx.state } });`;

  test.each([
    ['as its store cannot be opened', 'store', 'STORE_FAILED'],
    ['as the address for its clients is taken', 'clients', 'INVALID_OPTIONS'],
    ['as its main throws', 'main', 'INVALID_OPTIONS'],
  ])('%s holds nothing: the next one has the folder and the address', async (_what, step, expected) => {
    const actors = join(folder, 'actors');
    mkdirSync(actors);
    write('actors/note.mjs', durable);
    const dataDir = join(folder, 'data');
    const url = `unix:${join(folder, 'clients.sock')}`;
    const options = { actors, dataDir, listen: [{ url }] };
    const taken = createNetServer();
    if (step === 'store') {
      mkdirSync(dataDir);
      write('data/store', 'a file where the folder of the store belongs');
    }
    if (step === 'clients') await new Promise<void>((resolve) => taken.listen(url.slice('unix:'.length), resolve));
    const main = write('main.mjs', `throw new TypeError('no main');`);
    const { code } = await faultOfStart({ ...options, ...(step === 'main' && { main }) });
    expect(code).toBe(expected);
    if (step === 'store') rmSync(join(dataDir, 'store'));
    if (step === 'clients') await new Promise((resolve) => taken.close(resolve));
    const system = await startSystem(options);
    expect(await system.ask('note/a', { type: 'get' })).toBe(0);
  });
});

describe('main', () => {
  test.each([
    ['throws', `export default () => { throw new TypeError('no main'); };`, /TypeError: no main/],
    ['rejects', `export default async () => { throw new TypeError('not even later'); };`, /TypeError: not even later/],
    ['throws on load', `throw new TypeError('not loaded');`, /main\.mjs.*TypeError: not loaded/],
    ['exports no function', 'export default 1;', /main.*function.*got number in .*main\.mjs/],
  ])('that %s ends the start with its cause', async (_what, text, expected) => {
    const { code, message } = await faultOfStart({ actors: ACTORS, main: write('main.mjs', text) });
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toMatch(expected);
  });

  test('that does not exist is named', async () => {
    const { message } = await faultOfStart({ actors: ACTORS, main: join(folder, 'missing.mjs') });
    expect(message).toContain('missing.mjs');
  });

  test('that listens on a port which is taken ends the start with EADDRINUSE', async () => {
    const taken = createServer().listen(0);
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as AddressInfo;
    const text = `import { createServer } from 'node:http';
      export default () => new Promise((resolve, reject) => {
        createServer().listen(${port}, resolve).on('error', reject);
      });`;
    const { message } = await faultOfStart({ actors: ACTORS, main: write('main.mjs', text) });
    expect(message).toContain('EADDRINUSE');
    taken.close();
  });

  test('may use the whole system: actors on other workers answer it before the start is over', async () => {
    const text = `export default async (system) => {
      for (let n = 0; n < 20; n++) await system.ask('counter/main' + n, { type: 'add', by: 1 });
    };`;
    const system = await startSystem({ workers: 3, main: write('main.mjs', text) });
    for (let n = 0; n < 20; n++) expect(await system.ask(`counter/main${n}`, { type: 'get' })).toBe(3);
  });
});

test('all bad options are named at once, each with what was expected and what was got', async () => {
  const options = {
    ...{ workers: -1, askTimeoutMs: 0, messageBytesMax: 'many', shutdownMs: 1.5, name: 'Has Spaces', log: 7 },
    ...{ supervision: { hangMs: 1, intensity: -1 }, checkMessages: 'yes', nonsense: true, signals: 1 },
  };
  const { code, message } = await faultOfStart(options as unknown as SystemOptions);
  expect(code).toBe('INVALID_OPTIONS');
  for (const name of Object.keys(options)) expect(message).toContain(name);
  expect(message).toContain('supervision.hangMs');
  expect(message).toContain('supervision.intensity');
  expect(message.split('\n').every((line) => /expected .*; got /.test(line))).toBe(true);
});

test('in a worker of node:cluster, as under PM2 in cluster mode, the error says what to do', async () => {
  const program = new Program('in-cluster.mjs');
  expect(await program.ended).toBe(0);
  const [outcome] = program.said as { fault?: Fault }[];
  expect(outcome?.fault?.code).toBe('INVALID_OPTIONS');
  expect(outcome?.fault?.message).toMatch(/PM2.*fork mode/);
});
