// `main` of a worker that sends as a process does: by the plan in TEST_PLAN, as long as that is there.
import { existsSync, readFileSync } from 'node:fs';
import { firstNumber, streamOut } from '../actors/_stream.mjs';

export default (system) => {
  const from = `main-${system.self.worker}-${process.pid}`;
  let plan;
  let n = firstNumber();
  setInterval(() => {
    if (!existsSync(process.env.TEST_PLAN)) return;
    plan ??= JSON.parse(readFileSync(process.env.TEST_PLAN, 'utf8'));
    try {
      streamOut(system, from, plan, () => ++n);
    } catch (error) {
      // A worker that is about to end, or a system, takes no more.
      if (error.code !== 'SHUTTING_DOWN') throw error;
    }
  }, 6);
};
