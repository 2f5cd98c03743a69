/**
 * `troupe new`, as a new user has it: from the packed package. What it makes runs and passes its own tests. The package is unpacked into
 * it, and what that depends on is linked: no registry is asked.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { endedProgram, until } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { NODE_TEST_CONTEXT: _context, TROUPE_DATA: _data, ...env } = process.env;
let unpacked: string;
let program: string;
let folder: string;

beforeAll(() => {
  unpacked = mkdtempSync(join(tmpdir(), 'cli-packed-'));
  // Without `prepare`: dist/ is what was built.
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', unpacked];
  const packed = execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename }] = JSON.parse(packed);
  execFileSync('tar', ['-xzf', join(unpacked, filename), '-C', unpacked]);
  mkdirSync(join(unpacked, 'package/node_modules'));
  const { dependencies } = JSON.parse(readFileSync(join(unpacked, 'package/package.json'), 'utf8'));
  for (const name of Object.keys(dependencies))
    symlinkSync(join(ROOT, 'node_modules', name), join(unpacked, 'package/node_modules', name));
  program = join(unpacked, 'package/dist/cli/troupe.js');
  chmodSync(program, 0o755);
}, 120_000);
afterAll(() => rmSync(unpacked, { recursive: true, force: true }));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-new-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function troupe(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return endedProgram(process.execPath, [program, ...args], { cwd: folder, env });
}

/** In place of `npm install`, which would ask a registry: nothing of the package is anywhere else. */
function install(project: string): void {
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true });
  for (const name of ['tsx', 'typescript', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
  cpSync(join(unpacked, 'package'), join(project, 'node_modules/troupe'), { recursive: true, verbatimSymlinks: true });
  symlinkSync('../troupe/dist/cli/troupe.js', join(project, 'node_modules/.bin/troupe'));
}

test.each([
  ['TypeScript', []],
  ['JavaScript', ['--js']],
])(
  'in %s: its tests pass, and it starts, counts, keeps its count and stops',
  async (_language, options) => {
    const made = troupe('new', 'My Demo', ...options);
    expect([made.status, made.stderr], made.stdout).toEqual([0, '']);
    const project = join(folder, 'My Demo');
    install(project);
    const own = (...args: string[]): { status: number | null; stdout: string } =>
      endedProgram(join(project, 'node_modules/.bin/troupe'), args, { cwd: project, env });
    const { name, scripts, dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    expect([name, dependencies.troupe]).toEqual(['my-demo', expect.stringMatching(/^\^\d/)]);
    const tests = endedProgram('npm', ['test'], { cwd: project, env });
    expect([tests.status, tests.stdout]).toEqual([0, expect.stringMatching(/pass 1$/m)]);
    if (scripts.check)
      execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project, '--noEmit'], { encoding: 'utf8' });
    for (const count of [2, 4]) {
      expect(scripts.start).toBe('troupe start');
      const server = spawn('npm', ['start', '--', '--workers', '1', '--log', 'warn'], { cwd: project, env });
      const ended = once(server, 'exit');
      await until('it runs', () => own('status').status === 0, 90_000);
      expect(own('ask', 'counter/alice', 'add', '{"by":2}').stdout).toBe(`${count}\n`);
      expect(own('stop').status).toBe(0);
      expect(await ended).toEqual([0, null]);
    }
  },
  240_000,
);

test('into a folder that has something in it nothing is written', () => {
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full/mine.txt'), 'mine');
  const { status, stderr } = troupe('new', 'full');
  expect([status, stderr]).toEqual([2, expect.stringContaining('expected a folder that is new or empty')]);
  expect(existsSync(join(folder, 'full/package.json'))).toBe(false);
  expect(troupe('new').status).toBe(2);
});
