/**
 * What `npm test` runs after the build: the tests, and behind them types, lint, the package and the simulations. The last line is always `N passed, N failed`, after
 * what names each step and each test that failed; a step that fails without a failed test to show for it counts as one. `--unit`
 * leaves out the tests that start processes, `--other-nodes` runs the tests of the tests, and a part of all on the other lines of Node.js, as well.
 * `--fast` is for between two changes: no build, and of the unit tests few simulated programs and none of those that take long.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { oldNode, otherNodes } from './other-nodes.mjs';
import { ROOT, runProgram } from './run-program.mjs';
import { runVitest } from './vitest-run.mjs';

/** Of what a failed step wrote, the last lines stand at the end once more. */
const STEP_LINES_MAX = 15;
const OPTIONS = ['--unit', '--other-nodes', '--fast'];
/** What `--fast` runs of each simulation, by the variables that it reads. */
const FEW_PROGRAMS = { TROUPE_SIMULATIONS: '5', TROUPE_BANK_RUNS: '1', TROUPE_ROUNDS_RUNS: '1' };
/** What the other lines of Node.js run of the tests that kill for a while. */
const LESS_KILLING = { TROUPE_KILL_MS: '1500' };
const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
/** What `--fast` leaves out: what takes long, and is not made short by `FEW_PROGRAMS`. */
const LONG = Object.keys(JSON.parse(readFileSync(join(ROOT, 'test', 'long-files.json'), 'utf8'))).filter(
  (name) => !/^unit\/simulation\/(promises-(all|fate|moves|deadly)|durable-(bank|orders)|order-rounds)$/.test(name),
);
/**
 * Tests on clocks of their own, which do nothing but compute: they run behind all others, on what these leave of the processors while they
 * wait for real processes and for real time.
 */
const ON_OWN_CLOCKS = ['simulation/', 'placement/side-by-side', 'machines/model', 'membership/machine-membership'];
/** What these find with rules taken away on purpose says something of the tests, not of what is tested: only with `--other-nodes`. */
const OF_THE_TESTS = ['simulation/mutants', 'simulation/hunt', 'placement/side-by-side'];
/** Of a test that waits for processors. */
const BEHIND_MS_MAX = 600_000;

/** Of each step that failed, the lines that say so. */
const stepFaults = [];

/** A step by a tool of node_modules. */
function runTool(title, tool, args, isBehind) {
  return runStep(title, join(ROOT, 'node_modules', '.bin', tool), args, isBehind);
}

async function runLooks(isBehind) {
  // Each checker of types reads what they all need by itself: behind others one takes two thirds of what four do of the processors.
  const checkers = isBehind ? ['--checkers', '1'] : [];
  for (const project of ['tsconfig.json', 'dashboard/tsconfig.json'])
    await runTool(`types of ${project}`, 'tsc', ['-p', project, '--noEmit', ...checkers], isBehind);
  await runTool('lint', 'biome', ['check', '.'], isBehind);
}

async function runStep(title, program, args, isBehind = false) {
  const { fault, output } = await runProgram(title, program, args, { isBehind });
  console.log(isBehind ? `\n> ${title}, done\n${output}` : output);
  if (fault !== undefined) stepFaults.push([fault, ...output.split('\n').slice(-STEP_LINES_MAX)].join('\n    '));
}

function runTests(selection, title = 'tests', node = process.execPath) {
  const start = async (args) =>
    (await runProgram(title, node, [VITEST, ...args], { isShown: true })).fault === undefined;
  return runVitest({ title, root: ROOT, start, selection });
}

function runFewTests() {
  Object.assign(process.env, FEW_PROGRAMS);
  return runTests(['--project=unit', ...LONG.map((name) => `--exclude=test/${name}.test.ts`)]);
}

/** All that computes and does not wait: one of its processes alone would leave a processor idle now and then. */
async function runBehind(isUnit, isAll) {
  const [count] = await Promise.all([runSimulations(isAll), runLooksBehind(isUnit)]);
  return count;
}

async function runLooksBehind(isUnit) {
  await runLooks(true);
  if (!isUnit) await runStep('package', process.execPath, [join(ROOT, 'scripts', 'check-package.mjs')], true);
}

async function runSimulations(isAll) {
  const title = 'simulations';
  let written = '';
  const start = async (args) => {
    const { fault, output } = await runProgram(title, process.execPath, [VITEST, ...args], { isBehind: true });
    written = output;
    return fault === undefined;
  };
  const own = ON_OWN_CLOCKS.map((name) => `test/unit/${name}`);
  if (!isAll) own.push(...OF_THE_TESTS.map((name) => `--exclude=test/unit/${name}.test.ts`));
  const selection = ['--project=unit', `--testTimeout=${BEHIND_MS_MAX}`, ...own];
  const count = await runVitest({ title, root: ROOT, start, selection });
  console.log(`\n> ${title}, done\n${written}`);
  return count;
}

function runOtherTests(isUnit) {
  const others = ON_OWN_CLOCKS.map((name) => `--exclude=test/unit/${name}${name.endsWith('/') ? '**' : '.test.ts'}`);
  return runTests([...(isUnit ? ['--project=unit'] : []), ...others]);
}

/** What depends on the version of Node.js, on the lines that are not this one. */
async function runOnOtherNodes() {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-nodes-'));
  const counts = [];
  Object.assign(process.env, LESS_KILLING);
  try {
    for (const { version, program, tried } of otherNodes(folder)) {
      const selection = tried.map((name) => `test/${name}.test.ts`);
      counts.push(await runTests(selection, `tests on Node.js ${version}`, program));
    }
    const old = oldNode(folder);
    if (old) await runStep('entries on an old Node.js', old, [join(ROOT, 'scripts', 'entries-on-old-node.mjs')]);
  } catch (error) {
    counts.push({ passed: 0, failed: 1, told: [`other lines of Node.js: ${error.message}`] });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return counts;
}

async function main() {
  const args = process.argv.slice(2);
  const unknown = args.filter((arg) => !OPTIONS.includes(arg));
  if (unknown.length > 0)
    return { passed: 0, failed: 1, told: [`expected ${OPTIONS.join(', ')} or nothing; got ${unknown.join(' ')}`] };
  const isFast = args.includes('--fast');
  const isUnit = isFast || args.includes('--unit');
  const isAll = args.includes('--other-nodes');
  const behind = isFast ? undefined : runBehind(isUnit, isAll);
  if (isFast) await runLooks(false);
  const counts = isFast ? [await runFewTests()] : [await runOtherTests(isUnit), await behind];
  if (isAll) counts.push(...(await runOnOtherNodes()));
  const sum = (what) => counts.reduce((total, count) => total + count[what], 0);
  const told = [...stepFaults, ...counts.flatMap((count) => count.told)];
  return { passed: sum('passed'), failed: sum('failed') + stepFaults.length, told };
}

const { passed, failed, told } = await main();
process.exitCode = failed === 0 ? 0 : 1;
// Last, for who looks at a failed run sees the end of what it printed.
if (told.length > 0) console.log(`\n${told.join('\n')}`);
console.log(`${passed} passed, ${failed} failed`);
