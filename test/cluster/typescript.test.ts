/** Behaviours in TypeScript that is more than types: tsx makes code of them, and leaves nothing behind. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { childrenOf, until } from './harness.ts';
import { Program } from './program.ts';

const TROUPE = new URL('../../dist/index.js', import.meta.url).href;
const SUM = `
  export enum Answer { most = 40 }
  export class Sum { constructor(private a: number, private b: number) {} get value() { return this.a + this.b; } }`;
const ACTOR = `export default defineActor({ receive: { get: (): number => new Sum(Answer.most, 2).value } });`;

const COMMON = `
  enum Answer { most = 42 }
  module.exports = require('${fileURLToPath(TROUPE)}').defineActor({ receive: { get: (): number => Answer.most } });`;

let folder: string;
let program: Program | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'typed-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});
afterEach(() => {
  for (const pid of program ? [...childrenOf(program.pid), program.pid] : []) process.kill(pid, 'SIGKILL');
  rmSync(folder, { recursive: true });
});

/** What tsx has seen before it takes from its cache; the folder's name makes the text new. */
function write(name: string, text: string): void {
  const head = name.endsWith('.cts') ? '' : `import { defineActor } from '${TROUPE}';`;
  writeFileSync(join(folder, name), `// ${folder}\n${head}\n${text}`);
}

test.each([
  ['in the module of the actor itself', { 'typed.ts': `${SUM}\n${ACTOR}` }],
  ['only in one that it imports', { '_sum.ts': SUM, 'typed.ts': `import { Answer, Sum } from './_sum.ts';\n${ACTOR}` }],
  // It requires the package that loads it.
  ['in a CommonJS module', { 'typed.cts': COMMON }],
  [
    'in CommonJS beside others',
    { '_sum.ts': SUM, 'other.ts': `import { Answer, Sum } from './_sum.ts';\n${ACTOR}`, 'typed.cts': COMMON },
  ],
])('an enum and a parameter property %s: they load, and no process of a transpiler stays', async (_, files) => {
  for (const [name, text] of Object.entries(files)) write(name, text as string);
  program = new Program('serve.mjs', { workers: 2, actors: folder });
  const workers = (await program.value('started')) as number[];
  const { pid } = program;
  expect(await program.value('ask', 'typed/a', { type: 'get' })).toBe(42);
  await until('only workers are left', () => childrenOf(pid).length === workers.length);
  for (const worker of workers) await until('a worker has none', () => childrenOf(worker).length === 0);
  await program.value('shutdown');
  expect(childrenOf(pid)).toEqual([]);
  program.child.disconnect();
  await program.ended;
  program = undefined;
});
