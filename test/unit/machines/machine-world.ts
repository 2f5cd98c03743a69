/**
 * The model of many machines: the real agents (src/machines) on an engine, a store and a network that do to them what they may. A world
 * is plain data whose times are relative to its present, so that two equal ones are one state of the search.
 */
import { MachineAgent, newAgent, type AgentState } from '../../../src/machines/machine-agent.ts';
import type { HandedOver, MachineCommand, WriteAnswer } from '../../../src/machines/machine-command.ts';
import { NOBODY } from '../../../src/machines/partition-table.ts';
import {
  type Budget,
  LEASE,
  make,
  PARTITIONS,
  type Request,
  type Step,
  Violation,
  type World,
  type Write,
} from './machine-engine.ts';

/** Of time, in each step of it: a lease is over with the third, and may be declared lost with the third after it was seen. */
const TICK = 11;
const FAR = -100;

export function newWorld(machines: string[], budget: Partial<Budget>, isDurable = false): World {
  const none = {
    ticks: 0,
    slow: 0,
    partial: 0,
    unknown: 0,
    crashes: 0,
    restores: 0,
    turns: 0,
    wants: 0,
    joins: [],
    leaves: [],
  };
  const each = <T>(make: () => T): Record<string, T> => Object.fromEntries(machines.map((id) => [id, make()]));
  const world: World = {
    ...{ agents: {}, dead: [], ended: {}, rows: {}, table: null, revisions: 0, backup: '', requests: [] },
    ...{ memory: each(() => ({})), transferred: each(() => ({})), loaded: each(() => ({})), started: {} },
    ...{ newest: Array(PARTITIONS).fill(0), records: [], isDurable, hadFault: false, budget: { ...none, ...budget } },
  };
  world.records = Array.from({ length: PARTITIONS }, () => ({ fence: 0, version: 0 }));
  for (const id of machines.filter((one) => !world.budget.joins.includes(one))) join(world, id);
  for (const id of Object.keys(world.agents)) for (let round = 0; round < 2; round++) run(world, id);
  world.backup = JSON.stringify({ rows: world.rows, table: world.table });
  return world;
}

function join(world: World, id: string, isSlow = false): void {
  world.agents[id] = newAgent(id, { state: 'live', leaseMs: LEASE, address: '', workers: 1 });
  if (isSlow) perform(world, id, new MachineAgent(world.agents[id]).tick(0));
  else run(world, id);
}

export function enabled(world: World): Step[] {
  const { budget } = world;
  const up = Object.keys(world.agents).filter((id) => !world.dead.includes(id) && !(id in world.ended));
  const steps: Step[] = up.map((machine) => ({ step: 'run', machine }));
  if (budget.slow > 0) steps.push(...up.map((machine): Step => ({ step: 'begin', machine })));
  if (budget.ticks > 0) steps.push({ step: 'time' });
  if (budget.restores > 0) steps.push({ step: 'restore' });
  if (budget.crashes > 0) steps.push(...up.map((machine): Step => ({ step: 'crash', machine })));
  steps.push(...budget.joins.map((machine): Step => ({ step: 'join', machine })));
  steps.push(...budget.leaves.filter((id) => up.includes(id)).map((machine): Step => ({ step: 'leave', machine })));
  if (budget.turns > 0) steps.push(...turns(world, up));
  if (budget.wants > 0) steps.push(...wants(world, up));
  for (const [request, { stage, by, what }] of world.requests.entries()) {
    if (what.do === 'hand-over' && stage === 'sent' && up.includes(by) && budget.partial > 0)
      steps.push({ step: 'partly', request }, { step: 'without', request });
    if (stage === 'late') steps.push({ step: 'make', request }, { step: 'drop', request });
    else {
      if (up.includes(by)) {
        steps.push({ step: 'answer', request });
        if (budget.slow > 0) steps.push({ step: 'answer, then slowly', request });
        if (budget.unknown > 0) steps.push({ step: 'unknown', request });
      } else steps.push({ step: 'drop', request });
      if (stage === 'sent') steps.push({ step: 'make', request });
    }
  }
  return steps;
}

function turns(world: World, up: string[]): Step[] {
  return up.flatMap((machine) =>
    Object.keys(world.memory[machine] ?? {})
      .map(Number)
      .filter((partition) => new MachineAgent(world.agents[machine] as AgentState).mayServe(0, partition))
      .filter((partition) => !world.isDurable || world.loaded[machine]?.[partition] !== undefined)
      .map((partition): Step => ({ step: 'turn', machine, partition })),
  );
}

function wants(world: World, up: string[]): Step[] {
  return up.flatMap((machine) => {
    const own = new MachineAgent(world.agents[machine] as AgentState).owner.owns();
    return own.flatMap((partition) => up.map((to): Step => ({ step: 'want', machine, partition, to })));
  });
}

/** Two worlds that differ in the names of their revisions only are one. */
export function keyOf(world: World): string {
  const names = new Map<string, string>();
  const text = JSON.stringify({ ...world, revisions: 0 }).replace(/(\\?")(r\d+)\1/g, (_, quote, name) => {
    if (!names.has(name)) names.set(name, `r${names.size + 1}`);
    return `${quote}${names.get(name)}${quote}`;
  });
  return text.replace('"revisions":0', `"revisions":${names.size}`);
}

/** The world behind a step; throws a `Violation` where a promise is broken. */
export function take(before: World, step: Step): World {
  const world = JSON.parse(JSON.stringify(before)) as World;
  apply(world, step);
  return world;
}

/** As `take`, in place. */
export function apply(world: World, step: Step): void {
  if ('machine' in step) takeOf(world, step);
  else if ('request' in step) takeRequest(world, step);
  else if (step.step === 'time') passTime(world);
  else restore(world);
  checkOwners(world);
}

/** Faults end and time passes: soon each partition has one owner, nothing is on hold, and nobody waits. */
export function checkRest(world: World): void {
  world.requests = world.requests.filter(({ stage, by }) => stage !== 'late' && !world.dead.includes(by));
  for (let round = 0; round < 16; round++) {
    while (world.requests.length > 0) answer(world, world.requests.shift() as Request);
    for (const id of Object.keys(world.agents)) {
      if (world.dead.includes(id) || id in world.ended) continue;
      for (let twice = 0; twice < 2; twice++) run(world, id);
      checkOwners(world);
    }
    passTime(world);
    checkOwners(world);
  }
  for (const id of Object.keys(world.agents)) if (!world.dead.includes(id) && !(id in world.ended)) run(world, id);
  const up = Object.entries(world.agents).filter(([id]) => !world.dead.includes(id) && !(id in world.ended));
  if (!up.some(([, { phase }]) => phase === 'member')) return;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    if (!up.some(([, state]) => new MachineAgent(state).mayServe(0, partition)))
      throw new Violation(`partition ${partition} stays without an owner`);
  }
  const stuck = up.filter(([, { phase, owner }]) => phase !== 'member' || owner.handing);
  const live = new Set(up.map(([id]) => id));
  const isOpen = ([, { phase, owner }]: (typeof up)[number]): boolean =>
    phase === 'member' && Object.values(owner.wanted).some((to) => live.has(to));
  const open = up.filter(isOpen).map(([id]) => id);
  if (open.length > 0) throw new Violation(`what was asked for of ${open} does not come`);
  if (stuck.length > 0) throw new Violation(`${stuck.map(([id, { phase }]) => `${id} ${phase}`)} waits for ever`);
}

function takeOf(world: World, step: Extract<Step, { machine: string }>): void {
  const { machine } = step;
  if (step.step === 'join' || step.step === 'arrive') {
    world.budget.joins = world.budget.joins.filter((id) => id !== machine);
    return join(world, machine, step.step === 'arrive');
  }
  const agent = new MachineAgent(world.agents[machine] as AgentState);
  if (step.step === 'run') run(world, machine);
  else if (step.step === 'begin') {
    world.budget.slow--;
    perform(world, machine, agent.tick(0));
  } else if (step.step === 'crash') {
    world.budget.crashes--;
    world.hadFault = true;
    world.dead.push(machine);
    world.memory[machine] = {};
    world.loaded[machine] = {};
  } else if (step.step === 'leave' || step.step === 'leave, then slowly') {
    world.budget.leaves = world.budget.leaves.filter((id) => id !== machine);
    perform(world, machine, agent.leave(0));
    if (step.step === 'leave') drain(world, machine);
  } else if (step.step === 'turn') turn(world, machine, step.partition);
  else if (step.step === 'want') {
    world.budget.wants--;
    perform(world, machine, agent.want(0, step.partition, step.to));
  }
}

/** A whole round of a machine, with an engine that answers at once. */
function run(world: World, machine: string): void {
  const agent = new MachineAgent(world.agents[machine] as AgentState);
  const from = world.requests.length;
  perform(world, machine, agent.tick(0));
  drain(world, machine, from);
}

function drain(world: World, machine: string, from = 0): void {
  for (let guard = 0; guard < 50; guard++) {
    const next = world.requests.findIndex((one, at) => at >= from && one.by === machine && one.stage === 'sent');
    if (next < 0) return;
    const [request] = world.requests.splice(next, 1);
    answer(world, request as Request);
  }
  throw new Violation('a round of a machine has no end');
}

function takeRequest(world: World, step: Extract<Step, { request: number }>): void {
  const request = world.requests[step.request] as Request;
  const remove = (): void => void world.requests.splice(step.request, 1);
  if (step.step === 'drop') return remove();
  if (step.step === 'make') {
    const made = make(world, request);
    if (request.stage === 'late') return remove();
    request.stage = 'made';
    request.answer = made ?? null;
    return;
  }
  if (step.step === 'partly' || step.step === 'without') {
    world.budget.partial--;
    if (step.step === 'without') world.hadFault = true;
    else if (request.what.do === 'hand-over') {
      const [first] = request.what.partitions;
      make(world, { ...request, what: { ...request.what, partitions: [first as number] } });
    }
    remove();
    const behind = world.requests.length;
    tell(world, request, step.step);
    return drain(world, request.by, behind);
  }
  if (step.step === 'unknown' || step.step === 'unknown, then slowly') {
    world.budget.unknown--;
    world.hadFault = true;
    const isRead = request.what.do.startsWith('read') || request.what.do === 'look';
    const isOver = isRead || request.stage === 'made';
    if (isOver) remove();
    else request.stage = 'late';
    const behind = world.requests.length;
    tell(world, request, 'unknown');
    return step.step === 'unknown' ? drain(world, request.by, behind) : undefined;
  }
  remove();
  const from = step.step === 'answer' ? world.requests.length : Infinity;
  if (from === Infinity) world.budget.slow--;
  answer(world, request);
  if (from !== Infinity) drain(world, request.by, from);
}

function answer(world: World, request: Request): void {
  const made = request.stage === 'made' ? request.answer : make(world, request);
  tell(world, request, made ?? undefined);
}

/** All, `partly`: the first of them, `without`: all, but for what lived there, or none. */
function handedOver(partitions: readonly number[], made: unknown): HandedOver {
  if (made === 'partly') return { partitions: partitions.slice(0, 1), isLive: true };
  if (made === 'without') return { partitions, isLive: false };
  return { partitions: made === true ? partitions : [], isLive: true };
}

/** The answer reaches the machine that asked. */
function tell(world: World, { by, what }: Request, made: unknown): void {
  const agent = new MachineAgent(world.agents[by] as AgentState);
  const written = (made === 'unknown' ? { is: 'unknown' } : made) as WriteAnswer;
  const read = made === 'unknown' ? 'failed' : (made as never);
  const act = (): MachineCommand[] => {
    switch (what.do) {
      case 'create-row':
      case 'renew':
      case 'withdraw':
        return agent.rowWritten(0, written);
      case 'read-row':
        return agent.rowRead(0, read);
      case 'look':
        return agent.looked(0, read);
      case 'read-table':
        return agent.tableRead(0, read, what.confirms);
      case 'found-table':
      case 'claim':
      case 'write-table':
        return agent.tableWritten(0, written);
      case 'hand-over':
        return agent.handedOver(0, what.move, handedOver(what.partitions, made));
      case 'write-record':
      case 'claim-record': {
        const loaded = world.loaded[by] as Record<number, number>;
        delete loaded[what.partition];
        if (typeof made === 'number') loaded[what.partition] = made;
        return [];
      }
      default:
        return [];
    }
  };
  perform(world, by, act());
}

function perform(world: World, by: string, commands: MachineCommand[]): void {
  const agent = new MachineAgent(world.agents[by] as AgentState);
  for (const command of commands) {
    if (command.do === 'start') for (const partition of command.partitions) start(world, by, partition, command);
    else if (command.do === 'stop') {
      for (const partition of command.partitions) {
        delete world.memory[by]?.[partition];
        delete world.loaded[by]?.[partition];
      }
    } else if (command.do === 'end') world.ended[by] = command.how;
    else world.requests.push({ by, what: command, stage: 'sent' });
  }
  world.agents[by] = agent.state;
}

function start(
  world: World,
  by: string,
  partition: number,
  command: { epoch: number; from: string | undefined },
): void {
  const name = `${partition}/${command.epoch}`;
  if ((world.started[name] ??= by) !== by) throw new Violation(`epoch ${name} was given out twice`);
  const memory = world.memory[by] as Record<number, number>;
  const transferred = world.transferred[by]?.[partition];
  if (command.from === undefined && world.table?.table.handedBy[partition] !== NOBODY && !world.hadFault)
    throw new Violation('a live hand-over lost what it moved');
  memory[partition] = command.from === undefined ? 0 : (transferred as number);
  if (command.from === undefined) world.newest[partition] = 0;
  if (world.isDurable) {
    const what: Write = { do: 'claim-record', partition, epoch: command.epoch, version: 0 };
    world.requests.push({ by, what, stage: 'sent' });
  }
}

function turn(world: World, machine: string, partition: number): void {
  world.budget.turns--;
  if (world.isDurable) {
    const loaded = world.loaded[machine] as Record<number, number>;
    const epoch = world.agents[machine]?.owner.serving[partition] as number;
    const what: Write = { do: 'write-record', partition, epoch, version: loaded[partition] as number };
    delete loaded[partition];
    world.requests.push({ by: machine, what, stage: 'sent' });
    return;
  }
  const memory = world.memory[machine] as Record<number, number>;
  if (memory[partition] !== world.newest[partition])
    throw new Violation(`a turn on an old state: ${machine}, partition ${partition}`);
  world.newest[partition] = ++(memory[partition] as number);
}

function passTime(world: World): void {
  world.budget.ticks--;
  const pass = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (typeof part === 'number' && (name.endsWith('At') || name === 'confirms')) {
        (value as Record<string, number>)[name] = Math.max(FAR, part - TICK);
      } else pass(part);
    }
  };
  pass(world.agents);
  // A renewal that is on its way was sent so much longer ago.
  pass(world.requests);
}

function restore(world: World): void {
  world.budget.restores--;
  world.hadFault = true;
  const { rows, table } = JSON.parse(world.backup);
  world.rows = rows;
  world.table = table;
}

/** One at a time: no partition has two machines that would begin a turn at this moment. */
function checkOwners(world: World): void {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const serving = Object.entries(world.agents).filter(
      ([id, state]) => !world.dead.includes(id) && new MachineAgent(state).mayServe(0, partition),
    );
    if (serving.length > 1)
      throw new Violation(`two owners of partition ${partition}: ${serving.map(([id]) => id).join(', ')}`);
  }
}
