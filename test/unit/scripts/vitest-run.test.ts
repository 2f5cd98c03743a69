import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript
import { runVitest } from '../../../scripts/vitest-run.mjs';

const ROOT = '/somewhere';
const CLUSTER = 'test/cluster/x.test.ts';
const UNIT = 'test/unit/x.test.ts';

interface Told {
  passed: number;
  failed: number;
  told: string[];
}

/** Tests by name, with the message of those that fail; `message` is that of a file which failed outside its tests. */
interface File {
  path: string;
  tests: Record<string, string | undefined>;
  message?: string;
}

/** What is said of runs of vitest that report this, one after the other. */
async function runsThat(...runs: { files: File[]; exits?: number }[]): Promise<Told> {
  const left = [...runs];
  const start = async (args: string[]): Promise<boolean> => {
    const { files, exits = 0 } = left.shift() ?? { files: [] };
    const report = args.find((arg) => arg.startsWith('--outputFile.json='))?.split('=')[1] as string;
    const testResults = files.map(({ path, tests, message }) => ({
      ...{ name: join(ROOT, path), message, status: message === undefined ? 'passed' : 'failed' },
      assertionResults: Object.entries(tests).map(([fullName, fault]) =>
        fault === undefined ? { fullName, status: 'passed' } : { fullName, status: 'failed', failureMessages: [fault] },
      ),
    }));
    writeFileSync(report, JSON.stringify({ testResults }));
    return exits === 0;
  };
  const result: Told = await runVitest({ title: 'tests on Node.js 1', root: ROOT, start, selection: [] });
  expect(left).toEqual([]);
  return result;
}

test('each failure is told with its run, its file, its name and the first lines of its message, without colours', async () => {
  const message = `\u001b[31mAssertionError: expected 1\u001b[39m\n${Array.from({ length: 500 }, (_, n) => `at ${n}`).join('\n')}`;
  const { passed, failed, told } = await runsThat({
    files: [{ path: UNIT, tests: { one: undefined, two: message, three: `x${'y'.repeat(10_000)}` } }],
    exits: 1,
  });
  expect({ passed, failed }).toEqual({ passed: 1, failed: 2 });
  expect(told.slice(0, 3)).toEqual([
    'tests on Node.js 1: failed: test/unit/x.test.ts: two',
    '    AssertionError: expected 1',
    '    at 0',
  ]);
  expect(told).toContain('tests on Node.js 1: failed: test/unit/x.test.ts: three');
  expect(told.join('\n').length).toBeLessThan(1_000);
});

test('a file that fails outside its tests is told, and what shows in the exit code alone', async () => {
  const outside = await runsThat({ files: [{ path: UNIT, tests: {}, message: 'cannot be read' }], exits: 1 });
  expect(outside).toMatchObject({ passed: 0, failed: 1 });
  expect(outside.told).toEqual([
    'tests on Node.js 1: failed: test/unit/x.test.ts: (outside its tests)',
    '    cannot be read',
  ]);
  const unhandled = await runsThat({ files: [{ path: UNIT, tests: { one: undefined } }], exits: 1 });
  expect(unhandled).toMatchObject({ passed: 1, failed: 1 });
  expect(unhandled.told.join('\n')).toContain('did not exit with 0');
  expect(await runsThat({ files: [] })).toMatchObject({ passed: 0, failed: 1 });
});

test('a test of real processes that passes as its file runs again is told as one that wavers, with its message', async () => {
  const { passed, failed, told } = await runsThat(
    { files: [{ path: CLUSTER, tests: { one: undefined, two: 'late', three: 'wrong' } }], exits: 1 },
    { files: [{ path: CLUSTER, tests: { one: undefined, two: undefined, three: 'wrong again' } }], exits: 1 },
  );
  expect({ passed, failed }).toEqual({ passed: 2, failed: 1 });
  expect(told).toEqual([
    'tests on Node.js 1: wavers, and passed as its file ran again: test/cluster/x.test.ts: two',
    '    late',
    'tests on Node.js 1: failed again: test/cluster/x.test.ts: three',
    '    wrong again',
  ]);
});

test('nothing is told of a run without a failure', async () => {
  expect(await runsThat({ files: [{ path: UNIT, tests: { one: undefined } }] })).toEqual({
    ...{ passed: 1, failed: 0, failures: [], told: [] },
  });
});
