// main of a worker that sends as a process does: each its own stream, as long as the worker lives.
import { streamOut } from '../actors/_stream.mjs';

export default async (system) => {
  let plan;
  let n = 0;
  const from = `main-${system.self.worker}-${process.pid}`;
  await system.subscribe('streams', (message) => {
    plan = message.plan;
    if (plan) return;
    clearInterval(timer);
  });
  const timer = setInterval(() => plan && streamOut(system, from, plan, () => ++n, plan.path), 5);
};
