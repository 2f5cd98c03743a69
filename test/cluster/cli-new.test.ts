/** `troupe new`: what it makes runs and passes its own tests. The package is linked into it, not installed. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
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
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/cli/troupe.js');
const { NODE_TEST_CONTEXT: _context, TROUPE_DATA: _data, ...env } = process.env;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cli-new-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function troupe(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [PROGRAM, ...args], { cwd: folder, env, encoding: 'utf8' });
}

/** In place of `npm install`, which would ask a registry. */
function link(project: string): void {
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true });
  for (const name of ['tsx', 'typescript', '@types'])
    symlinkSync(join(ROOT, 'node_modules', name), join(project, 'node_modules', name));
  symlinkSync(ROOT, join(project, 'node_modules/troupe'));
  chmodSync(PROGRAM, 0o755);
  symlinkSync(PROGRAM, join(project, 'node_modules/.bin/troupe'));
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
    link(project);
    const { name, scripts, dependencies } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'));
    expect([name, dependencies.troupe]).toEqual(['my-demo', expect.stringMatching(/^\^\d/)]);
    const tests = execFileSync('npm', ['test'], { cwd: project, env, encoding: 'utf8' });
    expect(tests).toMatch(/pass 1$/m);
    if (scripts.check)
      execFileSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', project, '--noEmit'], { encoding: 'utf8' });
    for (const count of [2, 4]) {
      // As `npm start` does, which has no signal for its child here.
      expect(scripts.start).toBe('troupe start');
      const args = ['start', '--workers', '1', '--log', 'warn'];
      const server = spawn(join(project, 'node_modules/.bin/troupe'), args, { cwd: project, env });
      const ended = once(server, 'exit');
      await until('it runs', () => troupe('status', '--data', join(project, '.troupe')).status === 0, 30_000);
      const at = ['--data', join(project, '.troupe')];
      expect(troupe('ask', 'counter/alice', 'add', '{"by":2}', ...at).stdout).toBe(`${count}\n`);
      expect(troupe('stop', ...at).status).toBe(0);
      expect(await ended).toEqual([0, null]);
    }
  },
  60_000,
);

test('into a folder that has something in it nothing is written', () => {
  mkdirSync(join(folder, 'full'));
  writeFileSync(join(folder, 'full/mine.txt'), 'mine');
  const { status, stderr } = troupe('new', 'full');
  expect([status, stderr]).toEqual([2, expect.stringContaining('expected a folder that is new or empty')]);
  expect(existsSync(join(folder, 'full/package.json'))).toBe(false);
  expect(troupe('new').status).toBe(2);
});
