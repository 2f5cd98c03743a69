/** The program and its actors import two copies of this package, as with npm link, or in a monorepo. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type System, TroupeError } from 'troupe';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { faultOf, startSystem, stopSystems } from './harness.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
let copy: string;
let actors: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'copies-'));
  copy = join(folder, 'node_modules/troupe');
  actors = join(folder, 'actors');
  mkdirSync(copy, { recursive: true });
  mkdirSync(actors);
  cpSync(join(ROOT, 'dist'), join(copy, 'dist'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  symlinkSync(join(ROOT, 'node_modules/xstate'), join(folder, 'node_modules/xstate'));
});

afterEach(async () => {
  await stopSystems();
  rmSync(folder, { recursive: true, force: true });
});
afterAll(stopSystems);

function write(name: string, text: string): void {
  writeFileSync(join(actors, name), text);
}

const STOCK = `import { defineActor, Refusal, TroupeError } from 'troupe';
  export default defineActor({ state: () => ({ n: 3 }), receive: {
    get: (ctx) => ctx.state.n,
    take() { throw new Refusal('sold-out', 'nothing left', { n: 0 }); },
    async ask(ctx) { return ctx.ask('stock/other', { type: 'take' }).catch((e) => [e instanceof TroupeError, e.code, e.reason]); },
  } });`;
const LAMP = `import { defineActor } from 'troupe';
  import { reply } from 'troupe/xstate';
  import { createMachine } from 'xstate';
  export default defineActor({ machine: createMachine({ initial: 'off', states: { off: { on: { press: { actions: reply('click') } } } } }) });`;

async function expectAllWorks(system: System): Promise<void> {
  expect(await system.ask('stock/a', { type: 'get' })).toBe(3);
  expect(await faultOf(system.ask('stock/a', { type: 'take' }))).toMatchObject({
    ...{ code: 'REFUSED', reason: 'sold-out', message: 'nothing left', data: { n: 0 } },
  });
  expect(await system.ask('stock/a', { type: 'ask' })).toEqual([true, 'REFUSED', 'sold-out']);
  expect(await system.ask('lamp/a', { type: 'press' })).toBe('click');
}

test.each([0, 2])(
  'definitions, refusals, errors and actions of machines of either copy are known (workers: %i)',
  async (workers) => {
    write('stock.mjs', STOCK);
    write('lamp.mjs', LAMP);
    await expectAllWorks(await startSystem({ actors, workers }));
  },
);

test('errors of the other copy are instances of the class of this one, but not of a subclass', async () => {
  const other = (await import(pathToFileURL(join(copy, 'dist/index.js')).href)) as typeof import('troupe');
  expect(other.TroupeError).not.toBe(TroupeError);
  const error = new other.TroupeError('NO_WORKER', 'none');
  class Own extends TroupeError {}
  expect([error instanceof TroupeError, error instanceof Own]).toEqual([true, false]);
  const own = new Own('NO_WORKER', 'none');
  expect([own instanceof Own, own instanceof TroupeError, own instanceof other.TroupeError]).toEqual([
    true,
    true,
    true,
  ]);
  for (const value of [null, undefined, 7, {}, new Error('x'), Object.create(null)])
    expect((value as unknown) instanceof TroupeError).toBe(false);
});

test('a copy that means something else by a definition is named, and so is the one that runs', async () => {
  write('stock.mjs', STOCK);
  const chunks = join(copy, 'dist/chunks');
  const texts = readdirSync(chunks).map((name) => ({ name, text: readFileSync(join(chunks, name), 'utf8') }));
  const saying = texts.filter(({ text }) => text.includes('BRAND_FORMAT = 1;'));
  expect(saying).toHaveLength(1);
  for (const { name, text } of saying)
    writeFileSync(join(chunks, name), text.replace('BRAND_FORMAT = 1;', 'BRAND_FORMAT = 2;'));
  for (const workers of [0, 1]) {
    const { code, message } = await faultOf(startSystem({ actors, workers }));
    expect(code).toBe('INVALID_OPTIONS');
    expect(message).toMatch(/stock\.mjs.*format 2, made by another copy of troupe at .*node_modules\/troupe\/dist\/;/);
    expect(message).toContain(`the one that runs here is at ${pathToFileURL(join(ROOT, 'dist')).href}/`);
  }
});
