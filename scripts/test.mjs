/**
 * What `npm test` runs after the build: types, lint, the package, then the tests. The last line is always `N passed, N failed`, after
 * what names each step and each test that failed; a step that fails without a failed test to show for it counts as one. `--unit`
 * leaves out the tests that start processes, `--other-nodes` runs a part of the tests on the other lines of Node.js as well. `--fast`
 * is for between two changes: no build, and of the unit tests few simulated programs and none of those that take long.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { otherNodes } from './other-nodes.mjs';
import { runVitest } from './vitest-run.mjs';

/** A run that takes longer hangs. */
const STEP_MS_MAX = 45 * 60_000;
/** Of what a failed step wrote, the last lines stand at the end once more. */
const STEP_LINES_MAX = 15;
const STEP_BYTES_MAX = 64 * 1024 * 1024;
const OPTIONS = ['--unit', '--other-nodes', '--fast'];
/** What `--fast` runs of each simulation, by the variables that it reads. */
const FEW_PROGRAMS = { TROUPE_SIMULATIONS: '5', TROUPE_BANK_RUNS: '1', TROUPE_ROUNDS_RUNS: '1' };
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
/** What `--fast` leaves out: what takes long, and is not made short by `FEW_PROGRAMS`. */
const LONG = Object.keys(JSON.parse(readFileSync(join(ROOT, 'test', 'long-files.json'), 'utf8'))).filter(
  (name) => !/^unit\/simulation\/(promises-(all|fate|moves|deadly)|durable-(bank|orders)|order-rounds)$/.test(name),
);

/** Of each step that failed, the lines that say so. */
const stepFaults = [];

/** A step by a tool of node_modules. */
function runTool(title, tool, args) {
  runStep(title, join(ROOT, 'node_modules', '.bin', tool), args);
}

function runStep(title, program, args) {
  const { fault, output } = runProgram(title, program, args, 'pipe');
  console.log(output);
  if (fault !== undefined) stepFaults.push([fault, ...output.split('\n').slice(-STEP_LINES_MAX)].join('\n    '));
}

/** True when vitest ran by that Node.js and exited with 0. */
function runProgramOfTests(title, node, args) {
  return runProgram(title, node, [VITEST, ...args], 'inherit').fault === undefined;
}

/** What the program wrote, where it is not inherited, and why it did not exit with 0; undefined when it did. */
function runProgram(title, program, args, stdio) {
  console.log(`\n> ${title}`);
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    ...{ cwd: ROOT, stdio: ['ignore', stdio, stdio], encoding: 'utf8', maxBuffer: STEP_BYTES_MAX },
    ...{ timeout: STEP_MS_MAX, killSignal: 'SIGKILL' },
  });
  const cause = error?.message ?? (signal === null ? `exit code ${status}` : signal);
  return {
    fault: status === 0 ? undefined : `${title}: failed, ${cause}`,
    output: `${stdout ?? ''}${stderr ?? ''}`.trimEnd(),
  };
}

function runTests(projects, more = []) {
  return runVitest({
    title: 'tests',
    root: ROOT,
    start: (args) => runProgramOfTests('tests', process.execPath, args),
    selection: [...projects.flatMap((one) => ['--project', one]), ...more],
  });
}

function runFewTests() {
  Object.assign(process.env, FEW_PROGRAMS);
  return runTests(
    ['unit'],
    LONG.map((name) => `--exclude=test/${name}.test.ts`),
  );
}

/** What depends on the version of Node.js, on the lines that are not this one. */
function runOnOtherNodes() {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-nodes-'));
  try {
    return otherNodes(folder).map(({ version, program, tried }) => {
      const title = `tests on Node.js ${version}`;
      return runVitest({
        title,
        root: ROOT,
        start: (args) => runProgramOfTests(title, program, args),
        selection: tried.map((name) => `test/${name}.test.ts`),
      });
    });
  } catch (error) {
    return [{ passed: 0, failed: 1, told: [`other lines of Node.js: ${error.message}`] }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((arg) => !OPTIONS.includes(arg));
  if (unknown.length > 0)
    return { passed: 0, failed: 1, told: [`expected ${OPTIONS.join(', ')} or nothing; got ${unknown.join(' ')}`] };
  for (const project of ['tsconfig.json', 'dashboard/tsconfig.json'])
    runTool(`types of ${project}`, 'tsc', ['-p', project, '--noEmit']);
  runTool('lint', 'biome', ['check', '.']);
  const isFast = args.includes('--fast');
  const isUnit = isFast || args.includes('--unit');
  if (!isUnit) runStep('package', process.execPath, [join(ROOT, 'scripts', 'check-package.mjs')]);
  const counts = [isFast ? runFewTests() : runTests(isUnit ? ['unit'] : [])];
  if (args.includes('--other-nodes')) counts.push(...runOnOtherNodes());
  const sum = (what) => counts.reduce((total, count) => total + count[what], 0);
  const told = [...stepFaults, ...counts.flatMap((count) => count.told)];
  return { passed: sum('passed'), failed: sum('failed') + stepFaults.length, told };
}

const { passed, failed, told } = main();
process.exitCode = failed === 0 ? 0 : 1;
// Last, for who looks at a failed run sees the end of what it printed.
if (told.length > 0) console.log(`\n${told.join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
