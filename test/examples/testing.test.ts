/** Tests of one's own actors, run by Node's own runner. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ENDS_WITHIN_MS = 50_000;

test('a failed assertion ends the run with its message, though no system was shut down', async () => {
  const path = fileURLToPath(new URL('./failing.mjs', import.meta.url));
  const run = await new Promise<{ code: number | null; signal: string | null; output: string }>((resolve) => {
    const child = execFile(process.execPath, ['--test', path], { timeout: ENDS_WITHIN_MS }, (_error, output) =>
      resolve({ code: child.exitCode, signal: child.signalCode, output }),
    );
  });
  expect([run.code, run.signal]).toEqual([1, null]);
  expect(run.output).toContain('fail 1');
});
