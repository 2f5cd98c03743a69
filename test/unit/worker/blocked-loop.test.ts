/** What a blocked event loop runs, as a debugger tells it that has paused the loop in a deep stack. */
import { expect, test, vi } from 'vitest';
import { readLoop, STACK_SHOWN_MAX } from '../../../src/worker/blocked-loop.ts';

const DEPTH = 3 * STACK_SHOWN_MAX;

vi.mock('node:inspector', async () => {
  const { EventEmitter } = await import('node:events');
  /** The innermost first, each on a line of its own. */
  const frameAt = (lineNumber: number): object => ({
    ...{ functionName: `f${lineNumber}`, callFrameId: String(lineNumber), scopeChain: [] },
    location: { scriptId: '1', lineNumber, columnNumber: 0 },
  });
  class PausedSession extends EventEmitter {
    connectToMainThread(): void {}

    disconnect(): void {}

    post(method: string, _params: object, done: (error: null, result: object) => void): void {
      if (method === 'Debugger.enable')
        this.emit('Debugger.scriptParsed', { params: { scriptId: '1', url: 'file:///a/deep.mjs' } });
      done(null, { result: {} });
      if (method === 'Debugger.pause')
        this.emit('Debugger.paused', { params: { callFrames: Array.from({ length: DEPTH }, (_, at) => frameAt(at)) } });
    }
  }
  return { Session: PausedSession };
});

test(`is shown by its innermost ${STACK_SHOWN_MAX} functions`, async () => {
  const { stack, isNative } = await readLoop();
  expect(isNative).toBe(false);
  expect(stack).toHaveLength(STACK_SHOWN_MAX);
  expect([stack[0], stack.at(-1)]).toEqual(
    [0, STACK_SHOWN_MAX - 1].map((at) => expect.stringMatching(new RegExp(`^f${at} \\(/a/deep\\.mjs:\\d+\\)$`))),
  );
});
