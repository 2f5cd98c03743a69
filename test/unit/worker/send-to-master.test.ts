/** A worker ends without a stack where its master is killed as it is sent to; a message that cannot be sent is a fault all the same. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { unmarked } from '../../../src/wire/control-mark.ts';
import { type MasterChannel, sendToMaster } from '../../../src/worker/send-to-master.ts';

/** A channel whose `send` throws: Node.js 20 does for a moment, of which no test can be the master. */
function throwing(error: Error): MasterChannel {
  return {
    connected: true,
    send: () => {
      throw error;
    },
  };
}

test('what Node.js throws of a master that is gone is nothing to the worker, and other errors are', () => {
  const ofNode = Object.assign(new TypeError('The "err" argument must be of type number'), {
    code: 'ERR_INVALID_ARG_TYPE',
  });
  expect(() => sendToMaster(throwing(ofNode), { type: 'hello' })).not.toThrow();
  expect(() => sendToMaster(throwing(new RangeError('too large')), { type: 'hello' })).toThrow('too large');
});

test('over a real channel the message arrives; once it has ended nothing is sent, and nothing thrown', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'told-'));
  const path = join(folder, 'tells.mjs');
  writeFileSync(path, 'process.on("message", (message) => process.send(message));');
  const child: ChildProcess = fork(path);
  try {
    const heard = once(child, 'message');
    sendToMaster(child as unknown as MasterChannel, { type: 'hello' });
    expect(unmarked((await heard)[0])).toEqual({ type: 'hello' });
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    expect(() => sendToMaster(child as unknown as MasterChannel, { type: 'hello' })).not.toThrow();
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
