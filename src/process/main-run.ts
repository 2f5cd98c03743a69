/** Runs the user's `main`, and says what has become of it. */
import { asError, errorToData, TroupeError } from '../vocabulary/errors.ts';
import type { ToMaster } from '../wire/control.ts';
import type { ProcessSystem } from '../system/process-system.ts';

export async function runMain(
  main: ((system: ProcessSystem) => unknown) | undefined,
  system: ProcessSystem,
): Promise<ToMaster> {
  try {
    await main?.(system);
    return { type: 'ready' };
  } catch (error) {
    const text = `main() threw ${asError(error).name}: ${asError(error).message}`;
    return { type: 'main-failed', error: errorToData(new TroupeError('INVALID_OPTIONS', text, { cause: error })) };
  }
}
