import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineActor } from '../../../src/actor/define-actor.ts';
import { behavioursOf, importDefault, loadActors } from '../../../src/worker/load-actors.ts';
import { errorOf, thrownBy } from '../actor/kernel-fixture.ts';

// The modules lie outside of the checkout, where no package is found; they get what they need from here.
const shared = globalThis as { defineActorOfTest?: typeof defineActor };
const GOOD = 'export default globalThis.defineActorOfTest({ receive: { hi: () => "hi" } });';

const TYPED_COMMON =
  'const greeting: string = "hi"; module.exports = (globalThis as any).defineActorOfTest({ receive: { hi: () => greeting } });';

let folder = '';

beforeEach(async () => {
  shared.defineActorOfTest = defineActor;
  folder = await mkdtemp(join(tmpdir(), 'actors-'));
});

afterEach(async () => {
  delete shared.defineActorOfTest;
  await rm(folder, { recursive: true, force: true });
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

const load = (): ReturnType<typeof loadActors> => loadActors(pathToFileURL(folder).href);

async function refusal(): Promise<string> {
  const error = await errorOf(load());
  expect(error.code).toBe('INVALID_OPTIONS');
  return error.message;
}

describe('the actors folder', () => {
  it('gives one kind for each .ts, .js and .mjs file, named by the file', async () => {
    const typed =
      'const greeting: string = "hi"; export default (globalThis as any).defineActorOfTest({ receive: { hi: () => greeting } });';
    await write({ 'chat-room.js': GOOD, 'counter.mjs': GOOD, 'typed.ts': typed });
    const behaviours = await load();
    expect([...behaviours.keys()].sort()).toEqual(['chat-room', 'counter', 'typed']);
    expect(behaviours.get('typed')?.handlerOf('hi')).toBeTypeOf('function');
    expect(behaviours.get('chat-room')?.kind).toBe('chat-room');
  });

  it.each([
    ['a CommonJS module', 'a.cjs', GOOD.replace('export default', 'module.exports =')],
    [
      'what a compiler made a CommonJS module of',
      'a.cjs',
      `Object.defineProperty(exports, '__esModule', { value: true }); ${GOOD.replace('export default', 'exports.default =')}`,
    ],
    ['a CommonJS module in TypeScript', 'a.cts', TYPED_COMMON],
    ['one with more than types', 'a.cts', `enum Answer { most = 42 }\n${TYPED_COMMON}`],
    [
      'one that is exported as a compiler of CommonJS has it',
      'a.cts',
      TYPED_COMMON.replace('module.exports =', 'export ='),
    ],
    ['one with import and export', 'a.cts', `import { sep } from 'node:path';\nconst at: string = sep;\n${GOOD}`],
    ['one that requires another', 'a.cts', `require('./_more.cts').more as number;\n${TYPED_COMMON}`],
  ])('takes %s', async (_what, name, text) => {
    await write({ '_more.cts': 'enum More { one = 1 }\nmodule.exports = { more: More.one };', [name]: text });
    expect((await load()).get('a')?.handlerOf('hi')).toBeTypeOf('function');
  });

  it('is read but for names with _, folders, declarations, maps and other files', async () => {
    await write({
      'a.js': GOOD,
      '_helper.js': 'throw new Error("not for loading")',
      'b.d.ts': 'x',
      'a.js.map': '{',
      'README.md': '#',
    });
    await mkdir(join(folder, 'sub.js'));
    expect([...(await load()).keys()]).toEqual(['a']);
  });

  it.each([
    '.#a.js',
    '._a.mjs',
    '.eslintrc.js',
    '.hidden.ts',
    'a.test.ts',
    'a.spec.mjs',
    'b.test.js',
    'c.spec.mts',
    'd.test.cjs',
    'c.test.cts',
    'b.d.cts',
    'e.test-d.ts',
  ])('is read as if %s did not lie there', async (name) => {
    await write({ 'a.js': GOOD, [name]: 'throw new Error("not for loading")' });
    expect([...(await load()).keys()]).toEqual(['a']);
  });

  it('with two files of one kind is refused, naming both', async () => {
    await write({ 'a.js': GOOD, 'a.mjs': GOOD });
    expect(await refusal()).toMatch(/a\.js and a\.mjs/);
  });

  it('with a file whose name is no kind is refused, naming it', async () => {
    await write({ 'ChatRoom.js': GOOD });
    expect(await refusal()).toMatch(/got '.+ChatRoom\.js'$/);
  });

  it.each([
    ['throws', 'throw new RangeError("at the top")', 'RangeError: at the top'],
    ['cannot be parsed', 'export default {{', /[Ss]yntax|Transform failed/],
    ['imports what is not there', 'import "./nowhere.js"', 'nowhere.js'],
  ])('with a module that %s is refused, naming the file and the cause', async (_what, text, cause) => {
    for (const name of ['broken.mjs', 'broken.cts']) {
      await write({ 'a.js': GOOD, [name]: text });
      const message = await refusal();
      expect(message).toContain(join(folder, name));
      expect(message).toMatch(cause);
      await rm(join(folder, name));
    }
  });

  it('with modules that export no definition is refused, naming each of them', async () => {
    await write({ 'a.mjs': 'export const a = 1;', 'b.mjs': 'export default { receive: {} };', 'c.mjs': GOOD });
    const message = await refusal();
    expect(message.split('\n')).toHaveLength(2);
    expect(message).toMatch(/a\.mjs: a: expected what defineActor\(\) returns; got undefined/);
    expect(message).toMatch(/b\.mjs: b: expected what defineActor\(\) returns; got \{ receive: \{\} \}/);
  });

  it('with faulty definitions is refused, naming every fault of every file', async () => {
    const faulty = 'export default globalThis.defineActorOfTest({ receive: { hi: 7 }, mailbox: { capacity: 0 } });';
    await write({ 'a.mjs': faulty, 'b.mjs': faulty });
    expect((await refusal()).split('\n')).toHaveLength(4);
  });

  it('that is empty, or is not there, is refused', async () => {
    expect(await refusal()).toMatch(/at least one .ts, .js or .mjs file; got none in/);
    await rm(folder, { recursive: true });
    expect(await refusal()).toMatch(/a folder that can be read; got .+ENOENT/);
  });
});

describe('a record of definitions', () => {
  it('is checked as a folder is; an empty one is refused', () => {
    expect(() => behavioursOf([['a', defineActor({ receive: {} })]], (kind) => kind)).not.toThrow();
    expect(thrownBy(() => behavioursOf([], (kind) => kind)).code).toBe('INVALID_OPTIONS');
    const faulty = (): unknown => behavioursOf([['a', {} as never]], (kind) => `actors.${kind}`);
    expect(thrownBy(faulty).message).toMatch(/^actors\.a: a: expected/);
  });
});

describe('importDefault', () => {
  it('gives undefined where a module has no default export', async () => {
    await write({ 'main.mjs': 'export const main = 1;' });
    expect(await importDefault(join(folder, 'main.mjs'))).toBeUndefined();
  });
});
