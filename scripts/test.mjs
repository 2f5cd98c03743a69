/**
 * What `npm test` runs after the build: types, lint, the package, then the tests. The last line is always `N passed, N failed`;
 * a step that fails without a failed test to show for it counts as one. `--unit` leaves out the tests that start processes,
 * `--other-nodes` runs a part of the tests on the other lines of Node.js as well. `--fast` is for between two changes: no build, and
 * of the unit tests few simulated programs and none of those that take long.
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
const OPTIONS = ['--unit', '--other-nodes', '--fast'];
/** What `--fast` runs of each simulation, by the variables that it reads. */
const FEW_PROGRAMS = { TROUPE_SIMULATIONS: '5', TROUPE_BANK_RUNS: '1', TROUPE_ROUNDS_RUNS: '1' };
const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** What `--fast` leaves out: what takes long, and is not made short by `FEW_PROGRAMS`. */
const LONG = Object.keys(JSON.parse(readFileSync(join(ROOT, 'test', 'long-files.json'), 'utf8'))).filter(
  (name) => !/^unit\/simulation\/(promises-(all|fate|moves|deadly)|durable-(bank|orders)|order-rounds)$/.test(name),
);

/** True when the tool of node_modules ran and exited with 0. */
function run(title, tool, args) {
  return runProgram(title, join(ROOT, 'node_modules', '.bin', tool), args);
}

function runProgram(title, program, args) {
  console.log(`\n> ${title}`);
  const result = spawnSync(program, args, {
    cwd: ROOT,
    stdio: 'inherit',
    timeout: STEP_MS_MAX,
    killSignal: 'SIGKILL',
  });
  if (result.status !== 0) {
    const cause = result.error?.message ?? (result.signal === null ? `exit code ${result.status}` : result.signal);
    console.error(`${title}: failed, ${cause}`);
  }
  return result.status === 0;
}

function runTests(projects, more = []) {
  return runVitest({
    title: 'tests',
    root: ROOT,
    start: (args) => run('tests', 'vitest', args),
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
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  try {
    return otherNodes(folder).map(({ version, program, tried }) => {
      const title = `tests on Node.js ${version}`;
      return runVitest({
        title,
        root: ROOT,
        start: (args) => runProgram(title, program, [vitest, ...args]),
        selection: tried.map((name) => `test/${name}.test.ts`),
      });
    });
  } catch (error) {
    console.error(`other lines of Node.js: ${error.message}`);
    return [{ passed: 0, failed: 1 }];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((arg) => !OPTIONS.includes(arg));
  if (unknown.length > 0) {
    console.error(`expected ${OPTIONS.join(', ')} or nothing; got ${unknown.join(' ')}`);
    return { passed: 0, failed: 1 };
  }
  const steps = [
    ...['tsconfig.json', 'dashboard/tsconfig.json'].map((project) =>
      run(`types of ${project}`, 'tsc', ['-p', project, '--noEmit']),
    ),
    run('lint', 'biome', ['check', '.']),
  ];
  const isFast = args.includes('--fast');
  const isUnit = isFast || args.includes('--unit');
  if (!isUnit) steps.push(runProgram('package', process.execPath, [join(ROOT, 'scripts', 'check-package.mjs')]));
  const counts = [isFast ? runFewTests() : runTests(isUnit ? ['unit'] : [])];
  if (args.includes('--other-nodes')) counts.push(...runOnOtherNodes());
  const sum = (what) => counts.reduce((total, count) => total + count[what], 0);
  return { passed: sum('passed'), failed: sum('failed') + steps.filter((fine) => !fine).length };
}

const { passed, failed } = main();
process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed`);
