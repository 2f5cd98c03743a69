/** Carries one step of a program out. */
import type { Simulation } from '../../../src/simulation/simulation.ts';
import type { System } from '../../../src/system/system.ts';
import type { Step } from './program.ts';
import { promiseOf } from './promised.ts';
import type { Voice, World } from './world.ts';

/** Workers at most, so that programs do not end in forks only. */
const WORKERS_MAX = 5;
/** Milliseconds for asks of steps that name no deadline. */
const ASK_MS = 300;

export function carryOut(world: World, step: Step): void {
  const { simulation } = world;
  switch (step.do) {
    case 'tell':
      return repeat(step.count, () => world.tell(speaker(world, step.by), step.to, 'note'));
    case 'ask':
      return void world.ask(speaker(world, step.by), step.to, 'note', step.ms);
    case 'slow':
      return world.tell(speaker(world, step.by), step.to, 'slow', { ms: step.count });
    case 'boom':
      return world.tell(speaker(world, step.by), step.to, 'boom');
    case 'die':
      if (step.isAsk) return void world.ask(speaker(world, step.by), step.to, 'die', ASK_MS);
      return world.tell(speaker(world, step.by), step.to, 'die');
    case 'refuse':
      return repeat(step.count, () => refuse(world, step));
    case 'giveUp':
      return giveUp(world, step);
    case 'publish':
      return world.publish(speaker(world, step.by), step.topic);
    case 'stop':
    case 'killActor':
    case 'spawn':
      return lifeOrDeath(world, step);
    case 'crash':
      return simulation.crash(step.worker);
    case 'freeze':
    case 'cut':
    case 'reset':
    case 'stall':
      return trouble(simulation, step);
    case 'jump':
      return simulation.jump(step.ms);
    case 'wait':
      return;
    case 'move':
    case 'addWorker':
    case 'removeWorker':
    case 'restartWorker':
    case 'reload':
      return promiseOf(world, step, WORKERS_MAX);
    case 'release':
      simulation.deploy(world.actors(step.jobs));
      return promiseOf(world, { do: 'reload' }, WORKERS_MAX);
    case 'pause':
      return world.pauses.pause(world.simulation.system, step.pattern);
    case 'resume':
      return world.pauses.resume(world.simulation.system, step.pattern, step.perSecond);
    case 'crashSender':
      return crashSender(world, step);
    case 'moveBoth':
      return moveBoth(world, step);
    default:
      return command(world, step);
  }
}

/** Steps that an actor is told to take. */
function command(world: World, step: Extract<Step, { from: string } | { do: 'close' | 'open' }>): void {
  const master = speaker(world, 0);
  switch (step.do) {
    case 'relay':
      return world.tell(master, step.from, 'relay', { to: step.to, count: step.count });
    case 'question':
      return world.tell(master, step.from, 'question', { to: step.to, ...(step.via && { via: step.via }) });
    case 'subscribe':
    case 'unsubscribe':
    case 'announce':
      return world.tell(master, step.from, step.do, { topic: step.topic });
    case 'watch':
    case 'unwatch':
      return world.tell(master, step.from, step.do, { id: step.to });
    case 'after':
    case 'every':
      return world.tell(master, step.from, step.do, { ms: step.ms });
    case 'adopt':
      return world.tell(master, step.from, 'adopt', { key: step.key });
    case 'close':
    case 'open':
      return world.tell(master, step.to, step.do);
  }
}

/** The master, or the main of a worker that can do something; where it cannot, the master speaks. */
export function speaker({ simulation, mains }: Pick<World, 'simulation' | 'mains'>, by: number): Voice {
  const system = systemOf({ simulation, mains }, by);
  if (!system) return { name: 'master', origin: '~0.1', system: simulation.system };
  const origin = simulation.addressOf(by) as string;
  return { name: `main of ${origin}`, origin, system };
}

function systemOf({ simulation, mains }: Pick<World, 'simulation' | 'mains'>, by: number): System | undefined {
  const worker = by === 0 ? undefined : simulation.worker(by);
  if (!worker?.process || worker.isFrozen || worker.process.kernel.closing) return undefined;
  const { system, table } = worker.process;
  return table.epoch === 0 || mains?.has(system) === false ? undefined : system;
}

function lifeOrDeath(world: World, step: Extract<Step, { do: 'stop' | 'killActor' | 'spawn' }>): void {
  const { census, deadLetters } = world;
  const system = systemOf(world, step.by) ?? world.simulation.system;
  const { to } = step;
  world.changes.number++;
  if (step.do === 'spawn') {
    const placement = step.worker === undefined ? {} : { placement: { worker: step.worker } };
    const spawned = (): void => void (census.isAlive(to) && census.spawned.add(to));
    void system.spawn('player', { key: to.slice('player/'.length), ...placement }).then(spawned, () => {});
    return;
  }
  census.spawned.delete(to);
  census.mustReturn.delete(to);
  if (step.do === 'stop') return void system.stop(to).catch(() => {});
  deadLetters.killed(to);
  void system.kill(to).catch(() => {});
}

type Trouble = Extract<Step, { do: 'freeze' } | { do: 'cut' | 'reset' } | { do: 'stall' }>;

function trouble(simulation: Simulation, step: Trouble): void {
  if (step.do === 'cut') return simulation.cut(step.a, step.b);
  if (step.do === 'reset') return simulation.reset(step.a, step.b);
  if (step.do === 'freeze') {
    const process = simulation.worker(step.worker);
    process?.freeze();
    simulation.time.at(step.ms, () => process?.thaw());
    return;
  }
  const { a, b, ms } = step;
  simulation.stall(a, b);
  simulation.time.at(ms, () => simulation.unstall(a, b));
}

function giveUp(world: World, { by, to, ms, workMs }: Extract<Step, { do: 'giveUp' }>): void {
  const voice = speaker(world, by);
  const giving = new AbortController();
  void world.ask(voice, to, 'patient', ASK_MS, { ms: workMs }, { signal: giving.signal, withinMs: ms });
  void world.sleep(voice.origin, ms).then(() => giving.abort());
}

function refuse(world: World, { by, to, kilobytes, isFailure }: Extract<Step, { do: 'refuse' }>): void {
  void world.ask(speaker(world, by), to, isFailure ? 'rant' : 'refuse', ASK_MS, { kilobytes });
}

function crashSender(world: World, { from, to, count, ms }: Extract<Step, { do: 'crashSender' }>): void {
  const { simulation } = world;
  world.tell(speaker(world, 0), from, 'relay', { to, count });
  simulation.time.at(ms, () => {
    const home = simulation.workers().find(({ process }) => process?.actors.cellOf(from) !== undefined);
    if (simulation.workers().length > 1) home?.crash();
    world.tell(speaker(world, 0), from, 'relay', { to, count });
  });
}

function moveBoth(world: World, { from, to, count, workers, ms }: Extract<Step, { do: 'moveBoth' }>): void {
  const relay = (): void => world.tell(speaker(world, 0), from, 'relay', { to, count });
  const later = (times: number, act: () => void): void => void world.simulation.time.at(ms * times, act);
  relay();
  promiseOf(world, { do: 'move', to, worker: workers[0] }, WORKERS_MAX);
  later(1, relay);
  later(2, () => {
    promiseOf(world, { do: 'move', to: from, worker: workers[1] }, WORKERS_MAX);
    relay();
  });
  later(3, relay);
}

function repeat(count: number, act: () => void): void {
  for (let i = 0; i < count; i++) act();
}
