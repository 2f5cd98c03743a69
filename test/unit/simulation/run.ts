/** Runs one program to its end, waits until all is quiet, and checks what happened. */
import type { TraceEvent } from '../../../src/observe/trace.ts';
import type { Observer } from '../../../src/simulation/observation.ts';
import { Simulation } from '../../../src/simulation/simulation.ts';
import type { System } from '../../../src/system/system.ts';
import { carryOut, speaker } from './carry-out.ts';
import { endWell } from './end.ts';
import { judged } from './judged-run.ts';
import { IDS, type Step } from './program.ts';
import { World } from './world.ts';

/** Milliseconds without a sign of life after which a worker is killed. */
const HANG_MS = 300;
/** How slow a frame may be, drawn for each pair of processes: faster than the control plane, and far slower. */
const LINK_MS = [0.2, 1, 5, 20];
/** Frames under way on a link before its writer has to wait, drawn for each run. */
const LINK_FRAMES = [1, 4, 64];

const GREETED = IDS.slice(0, 2);
const GREETINGS = 4;
const GREETING_MS = 6;

export interface RunOptions {
  observe?: Observer;
  /** Told of what happens inside of each process; `process`: its address. */
  trace?: (at: number, process: string, event: TraceEvent) => void;
  /** Of errors; what is sent and weighed is more with them. */
  hasStacks?: boolean;
  /** Called before each step. */
  stepped?: (step: Step, number: number) => void;
}

export async function runProgram(seed: number, program: readonly Step[], options: RunOptions = {}): Promise<World> {
  const world = new World();
  await judged(world.breaches, options.hasStacks === true, () => runIn(world, seed, program, options));
  return world;
}

async function runIn(world: World, seed: number, program: readonly Step[], options: RunOptions): Promise<void> {
  const { observe } = options;
  world.mains = new WeakSet();
  const simulation = await Simulation.start({
    ...{
      seed,
      workers: [{ role: '', count: 3 }],
      actors: world.actors(),
      hangMs: HANG_MS,
      askTimeoutMs: 500,
      linkMs: linkSpeeds(seed),
    },
    linkFramesMax: LINK_FRAMES[seed % LINK_FRAMES.length] as number,
    main: (system) => sayHello(world, system),
    ...(options.trace && { trace: options.trace }),
    observe: (event) => {
      observe?.(event);
      world.observe(event);
    },
    began: world.enter,
    built: (begun) => {
      world.simulation = begun;
    },
  });
  await simulation.run(5);
  for (const [number, step] of program.entries()) {
    options.stepped?.(step, number);
    carryOut(world, step);
    await simulation.run(step.do === 'wait' ? step.ms : simulation.random() * 2);
    if (world.breaches.list.length > 0) break;
  }
  await endWell(world);
}

/** The main of every worker: it speaks from its first moment on, when others may be on the move. */
function sayHello(world: World, system: System): void {
  world.mains?.add(system);
  const { simulation } = world;
  const { worker } = system.self;
  const announce = (left: number): void => {
    const voice = speaker(world, worker);
    if (voice.origin === '~0.1') return;
    for (const id of GREETED) world.tell(voice, id, 'note');
    if (left > 0) simulation.time.at(GREETING_MS, () => announce(left - 1));
  };
  announce(GREETINGS);
}

function linkSpeeds(seed: number): (from: string, to: string) => number {
  return (from, to) => LINK_MS[(seed + digits(from) * 7 + digits(to) * 3) % LINK_MS.length] as number;
}

/** `~3.2` → 3, so that every pair of workers keeps its speed. */
function digits(address: string): number {
  return Number(address.slice(1, address.indexOf('.')));
}
