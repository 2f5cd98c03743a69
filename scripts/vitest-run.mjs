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

/** What is shown of the message of a failure: its first lines. */
const MESSAGE_LINES_MAX = 8;
const MESSAGE_LINE_CHARS_MAX = 300;
const COLOURS = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

/**
 * `start(args)` runs vitest in `root` and resolves to whether it exited with 0; `selection` are the arguments that choose the tests.
 * Resolves to `{ passed, failed, told }`; `told` are the lines that name each failure and each test that wavers, with the first lines of
 * its message.
 */
export async function runVitest({ title, root, start, selection }) {
  const first = await runOnce(root, start, selection);
  const files = [...new Set(first.failures.map(({ file }) => file))];
  const isChance =
    files.length > 0 && files.length <= FILES_AGAIN_MAX && files.every((file) => REAL_PROCESSES.test(file));
  if (!isChance) return { ...first, told: linesOf(title, 'failed', first.failures) };
  return countedAgain(title, first, await runOnce(root, start, files));
}

/** The counts of the first run with what the second one says of its failures. A failure that is new in the second run counts as well. */
function countedAgain(title, first, again) {
  if (again.passed === 0) return { ...first, told: linesOf(title, 'failed', first.failures) };
  const isIn = (failures, { file, name }) => failures.some((one) => one.file === file && one.name === name);
  const wavering = first.failures.filter((failure) => !isIn(again.failures, failure));
  const told = [
    ...linesOf(title, 'wavers, and passed as its file ran again', wavering),
    ...linesOf(title, 'failed again', again.failures),
  ];
  return { passed: first.passed + wavering.length, failed: again.failed, told };
}

function linesOf(title, what, failures) {
  return failures.flatMap(({ file, name, message }) => [
    `${title}: ${what}: ${file}: ${name}`,
    ...firstLinesOf(message).map((line) => `    ${line}`),
  ]);
}

function firstLinesOf(message) {
  const lines = message.replace(COLOURS, '').split('\n');
  return lines.slice(0, MESSAGE_LINES_MAX).map((line) => line.slice(0, MESSAGE_LINE_CHARS_MAX).trimEnd());
}

async function runOnce(root, start, selection) {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'));
  const report = join(folder, 'report.json');
  try {
    const fine = await start([
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...selection,
    ]);
    const { passed, failures, skipped } = readReport(report, root);
    if (skipped > 0) console.log(`\n${skipped} skipped: this machine cannot run them, see above`);
    // Unhandled errors, and no tests at all, show only in the exit code, or not even there.
    if (failures.length === 0 && passed === 0) failures.push(outsideOfTests('no test ran'));
    if (failures.length === 0 && !fine)
      failures.push(outsideOfTests('vitest did not exit with 0: see its errors above'));
    return { passed, failed: failures.length, failures };
  } catch (error) {
    return { passed: 0, failed: 1, failures: [outsideOfTests(`no report, ${error.message}`)] };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outsideOfTests(message) {
  return { file: '(no file)', name: '(outside of tests)', message };
}

/** The counts of vitest's JSON report. A file that failed outside its tests counts as one failure. */
function readReport(report, root) {
  const sum = { passed: 0, failures: [], skipped: 0 };
  for (const { name: path, status, message, assertionResults } of JSON.parse(readFileSync(report, 'utf8'))
    .testResults) {
    const file = relative(root, path);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const passed = assertionResults.filter((test) => test.status === 'passed').length;
    if (failed.length === 0 && status === 'failed')
      sum.failures.push({ file, name: '(outside its tests)', message: message ?? '' });
    for (const { fullName: name, failureMessages } of failed)
      sum.failures.push({ file, name, message: failureMessages?.join('\n') ?? '' });
    sum.passed += passed;
    sum.skipped += assertionResults.length - passed - failed.length;
  }
  return sum;
}
