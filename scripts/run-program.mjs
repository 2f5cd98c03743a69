/** Programs that `npm test` runs, one after the other or one behind others. */
import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** A run that takes longer hangs. */
const RUN_MS_MAX = 45 * 60_000;
/** As `nice` has it, of who runs behind others: a tenth of a processor that others want as well, so that it lasts, and fills what they leave, until they end. */
export const NICE_BEHIND = 10;

/**
 * Runs a program in the root of the repository to its end. `isShown`: what it writes is shown as it comes; else it is returned. `isBehind`:
 * it takes what others leave of the processors. Resolves to `{ fault, output }`; `fault` says why it did not exit with 0, undefined when it did.
 */
export function runProgram(title, program, args, { isShown = false, isBehind = false } = {}) {
  console.log(`\n> ${title}${isBehind ? ', behind what follows' : ''}`);
  const stdio = isShown ? 'inherit' : 'pipe';
  const child = spawn(program, args, {
    ...{ cwd: ROOT, stdio: ['ignore', stdio, stdio], timeout: RUN_MS_MAX, killSignal: 'SIGKILL' },
  });
  if (isBehind) stepBack(child.pid);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
  return new Promise((resolve) => {
    const end = (cause) => resolve({ fault: cause && `${title}: failed, ${cause}`, output: output.trimEnd() });
    child.once('error', (error) => end(error.message));
    child.once('close', (code, signal) => end(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
}

/** Its main thread only, as yet: it has started no other. What it starts later has its priority. */
function stepBack(pid) {
  try {
    setPriority(pid, NICE_BEHIND);
  } catch {
    // It could not be started, or has ended.
  }
}
