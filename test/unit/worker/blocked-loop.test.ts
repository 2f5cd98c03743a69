/** What a blocked event loop runs, as a debugger tells it that has paused the loop in a deep stack. */
import { afterEach, expect, test, vi } from 'vitest';

/** Deeper than what is shown of it. */
const DEPTH = 24;

afterEach(() => {
  vi.doUnmock('node:inspector');
  vi.resetModules();
});

async function pausedSession(): Promise<{ Session: unknown }> {
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
}

test('is shown by its innermost functions, STACK_SHOWN_MAX of them', async () => {
  // Other files of this process may have loaded it.
  vi.resetModules();
  vi.doMock('node:inspector', pausedSession);
  const { readLoop, STACK_SHOWN_MAX } = await import('../../../src/worker/blocked-loop.ts');
  expect(STACK_SHOWN_MAX).toBeLessThan(DEPTH);
  const { stack, isNative } = await readLoop();
  expect(isNative).toBe(false);
  expect(stack).toHaveLength(STACK_SHOWN_MAX);
  expect([stack[0], stack.at(-1)]).toEqual(
    [0, STACK_SHOWN_MAX - 1].map((at) => expect.stringMatching(new RegExp(`^f${at} \\(/a/deep\\.mjs:\\d+\\)$`))),
  );
});
