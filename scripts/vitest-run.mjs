/**
 * One run of vitest, counted by its report. Files of real processes that failed run once more, by themselves: what passes then is
 * counted as passed, and named, for it is a test or a fault of ours that shows now and then, and wants a look.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';

/** Only these depend on how the machine shares out its time. */
const REAL_PROCESSES = /^test\/(cluster|examples)\//;
/** More files than that do not fail by chance. */
const FILES_AGAIN_MAX = 3;

/**
 * `start(args)` runs vitest in `root` and says whether it exited with 0; `selection` are the arguments that choose the tests.
 * Returns `{ passed, failed }`.
 */
export function runVitest({ title, root, start, selection }) {
  const first = runOnce(title, root, start, selection);
  say('failed', first.failures);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const isChance =
    files.length > 0 && files.length <= FILES_AGAIN_MAX && files.every((file) => REAL_PROCESSES.test(file));
  return isChance ? countedAgain(first, runOnce(`${title}, again`, root, start, files)) : first;
}

/** The counts of the first run with what the second one says of its failures. A failure that is new in the second run counts as well. */
function countedAgain(first, again) {
  if (again.passed === 0) return first;
  say('failed again', again.failures);
  const isIn = (failures, { file, name }) => failures.some((one) => one.file === file && one.name === name);
  const wavering = first.failures.filter((failure) => !isIn(again.failures, failure));
  say('wavers, and passed as its file ran again', wavering);
  return { passed: first.passed + wavering.length, failed: again.failed };
}

function say(what, failures) {
  for (const { file, name } of failures) console.log(`${what}: ${file}: ${name}`);
}

function runOnce(title, root, start, selection) {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  const report = join(folder, 'report.json');
  try {
    const fine = start(['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...selection]);
    const { passed, failures, skipped } = readReport(report, root);
    if (skipped > 0) console.log(`\n${skipped} skipped: this machine cannot run them, see above`);
    // Unhandled errors, and no tests at all, show only in the exit code, or not even there.
    const failed = failures.length === 0 && (!fine || passed === 0) ? 1 : failures.length;
    return { passed, failed, failures };
  } catch (error) {
    console.error(`${title}: no report, ${error.message}`);
    return { passed: 0, failed: 1, failures: [] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The counts of vitest's JSON report. A file that failed outside its tests counts as one failure. */
function readReport(report, root) {
  const sum = { passed: 0, failures: [], skipped: 0 };
  for (const { name: path, status, assertionResults } of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const file = relative(root, path);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const passed = assertionResults.filter((test) => test.status === 'passed').length;
    if (failed.length === 0 && status === 'failed') sum.failures.push({ file, name: '(outside its tests)' });
    for (const { fullName: name } of failed) sum.failures.push({ file, name });
    sum.passed += passed;
    sum.skipped += assertionResults.length - passed - failed.length;
  }
  return sum;
}
