/** Steps that the system promises to have carried out once it says so: moves, and workers that come and go. */
import type { TroupeError } from '../../../src/vocabulary/errors.ts';
import type { Step } from './program.ts';
import type { World } from './world.ts';

type Change = Extract<Step, { do: 'move' | 'addWorker' | 'removeWorker' | 'restartWorker' | 'reload' }>;

/** Milliseconds that such a change may take at most, whatever fate does: each of its steps has a deadline. */
const CHANGE_MS_MAX = 30_000;

export function promiseOf(world: World, step: Change, workersMax: number): void {
  const { system } = world.simulation;
  const workers = system.workers();
  if (step.do === 'addWorker' && workers.length >= workersMax) return;
  // One worker is left: where would its actors go?
  if (step.do === 'removeWorker' && workers.filter(({ state }) => state === 'ready').length < 2) return;
  const begunAt = world.now;
  const change = world.changes.begin(step.do);
  carryOut(world, step).then(
    () => {
      change.end('done');
      isDone(world, step);
    },
    (error: TroupeError) => {
      change.end(error.code ?? String(error));
      if (error.code === undefined) world.breaches.add('liveness', `${step.do} failed with ${error}`);
      if (world.now - begunAt > CHANGE_MS_MAX)
        world.breaches.add('liveness', `${step.do} took ${world.now - begunAt} ms to fail with ${error.code}`);
    },
  );
}

async function carryOut({ simulation: { system } }: World, step: Change): Promise<void> {
  switch (step.do) {
    case 'move':
      return system.move(step.to, step.worker);
    case 'addWorker':
      return void (await system.addWorker());
    case 'removeWorker':
      return system.removeWorker(step.worker);
    case 'restartWorker':
      return system.restartWorker(step.worker);
    case 'reload':
      return system.reload();
  }
}

function isDone(world: World, step: Change): void {
  // A child that is adopted meanwhile lives where its parent does.
  if (step.do === 'move' && !step.to.startsWith('child/')) void isThere(world, step.to, step.worker);
  if (step.do === 'removeWorker' && world.simulation.worker(step.worker))
    world.breaches.add('end', `removeWorker(${step.worker}) resolved while its process lives`);
}

/** Once a move has resolved `where` agrees, until the next change. */
async function isThere(world: World, id: string, worker: number): Promise<void> {
  const { simulation, changes, faults, breaches } = world;
  const before = changes.number;
  const from = world.now;
  try {
    const found = await simulation.system.where(id);
    if (found.worker === worker || !faults.isCalm(from, world.now)) return;
    // Another change has come, or one that moves many is not done yet.
    if (changes.number !== before || changes.inFlight > 0) return;
    breaches.add('placement', `move(${id}, ${worker}) resolved, and where() said worker ${found.worker}`);
  } catch {
    // It has a deadline as any ask.
  }
}
