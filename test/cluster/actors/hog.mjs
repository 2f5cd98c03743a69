// Takes what the machine has: memory, and processes of its own.
import { spawn } from 'node:child_process';
import { defineActor } from 'troupe';

const kept = [];

export default defineActor({
  state: () => ({}),
  receive: {
    grow(_ctx, { bytes }) {
      for (let n = 0; n < bytes; n += 1_000_000) kept.push(Buffer.alloc(1_000_000, 1));
    },
    // Outlives its worker where that is killed.
    spawn: (_ctx, { seconds }) => spawn('sleep', [String(seconds)], { stdio: 'ignore' }).pid,
    pid: () => process.pid,
  },
});
