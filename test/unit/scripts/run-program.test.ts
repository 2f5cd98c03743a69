import { getPriority } from 'node:os';
import { expect, test } from 'vitest';
// @ts-expect-error: the scripts are plain JavaScript
import { NICE_BEHIND, runProgram } from '../../../scripts/run-program.mjs';

/** A program, and one that it starts itself a moment later. */
const PRIORITIES = `setTimeout(() => {
  const { status } = require('node:child_process').spawnSync(process.execPath, ['-e', 'process.exit(os.getPriority() + 50)']);
  console.log([os.getPriority(), status - 50].join());
}, 200);`;

const run = (program: string, args: string[], options?: object): Promise<{ fault?: string; output: string }> =>
  runProgram('a step', program, args, options);

test('a program behind others has a lower priority, and so has what it starts; another one has not', async () => {
  const own = getPriority();
  const [behind, other] = await Promise.all([
    run(process.execPath, ['-e', PRIORITIES], { isBehind: true }),
    run(process.execPath, ['-e', PRIORITIES]),
  ]);
  expect(other).toEqual({ fault: undefined, output: `${own},${own}` });
  expect(behind).toEqual({ fault: undefined, output: `${NICE_BEHIND},${NICE_BEHIND}` });
});

test('what it wrote is returned, and why it did not exit with 0', async () => {
  const both = "console.log('one'); console.error('two'); process.exitCode = 3;";
  expect(await run(process.execPath, ['-e', both])).toEqual({
    fault: 'a step: failed, exit code 3',
    output: expect.stringMatching(/^(one\ntwo|two\none)$/),
  });
  expect(await run(process.execPath, ['-e', 'process.kill(process.pid)'])).toMatchObject({
    fault: 'a step: failed, SIGTERM',
  });
  expect((await run('/nowhere/to/be/found', [], { isBehind: true })).fault).toContain('ENOENT');
});
