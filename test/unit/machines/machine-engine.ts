/** The state of a model of many machines, and what the engine, the store and the other machine do with a request. */
import { type AgentState, MachineAgent } from '../../../src/machines/machine-agent.ts';
import type { MachineCommand, SeenTable, WriteAnswer } from '../../../src/machines/machine-command.ts';
import type { MachineRow } from '../../../src/machines/machine-row.ts';
import { claimEpoch, foundedTable, NOBODY, reassigned } from '../../../src/machines/partition-table.ts';

export class Violation extends Error {}

export const LEASE = 30;
export const PARTITIONS = 2;

export type Asked = Exclude<MachineCommand, { do: 'start' | 'stop' | 'end' }>;
export interface Write {
  do: 'write-record' | 'claim-record';
  partition: number;
  epoch: number;
  version: number;
}

/** `sent`: the engine has it not yet. `made`: it has, and the answer is on its way. `late`: its sender was told that nobody knows. */
export interface Request {
  by: string;
  what: Asked | Write;
  stage: 'sent' | 'made' | 'late';
  answer?: unknown;
}

export interface Budget {
  ticks: number;
  /** Requests that do not run through at once. */
  slow: number;
  unknown: number;
  /** Hand-overs of which a part goes, or all without what lives there. */
  partial: number;
  crashes: number;
  restores: number;
  turns: number;
  /** Partitions that somebody asks for on another machine, or on that which has it. */
  wants: number;
  joins: string[];
  leaves: string[];
}

export interface World {
  agents: Record<string, AgentState>;
  dead: string[];
  ended: Record<string, string>;
  rows: Record<string, { row: MachineRow; revision: string }>;
  table: SeenTable | null;
  revisions: number;
  backup: string;
  requests: Request[];
  /** What the actors of a partition hold in memory, by machine; and what the newest turn left. */
  memory: Record<string, Record<number, number>>;
  transferred: Record<string, Record<number, number>>;
  newest: number[];
  /** Records: the fence, the version, and what each machine has loaded. */
  records: { fence: number; version: number }[];
  loaded: Record<string, Record<number, number>>;
  started: Record<string, string>;
  isDurable: boolean;
  hadFault: boolean;
  budget: Budget;
}

export type Step =
  | { step: 'time' | 'restore' }
  | { step: 'run' | 'begin' | 'crash' | 'join' | 'arrive' | 'leave' | 'leave, then slowly'; machine: string }
  | { step: 'turn'; machine: string; partition: number }
  | { step: 'want'; machine: string; partition: number; to: string }
  | {
      step:
        | 'answer'
        | 'answer, then slowly'
        | 'partly'
        | 'without'
        | 'make'
        | 'unknown'
        | 'unknown, then slowly'
        | 'drop';
      request: number;
    };

/** Rules of the engine and the store that a mutant takes away. */
export const ENGINE = {
  isExpected: (revision: string | undefined, expected: string | undefined): boolean => revision === expected,
  takes: (epoch: number, fence: number): boolean => epoch >= fence,
  claimed: (epoch: number, fence: number): number => Math.max(epoch, fence),
  claimEpoch,
};

function revised(world: World): string {
  return `r${++world.revisions}`;
}

/** What the engine, the store or the other machine does with a request: the answer. */
export function make(world: World, { by, what }: Request): unknown {
  const write = (id: string, row: MachineRow | undefined, expected: string | undefined): WriteAnswer => {
    if (!ENGINE.isExpected(world.rows[id]?.revision, expected)) return { is: 'conflict' };
    if (row) world.rows[id] = { row, revision: revised(world) };
    else delete world.rows[id];
    return { is: 'done', revision: world.rows[id]?.revision ?? '' };
  };
  switch (what.do) {
    case 'create-row':
      return write(by, what.row, undefined);
    case 'renew':
      return write(by, what.row, what.expected);
    case 'withdraw':
      return write(by, undefined, what.expected);
    case 'declare-lost':
      return write(what.machine, what.row, what.expected);
    case 'forget':
      return write(what.machine, undefined, what.expected);
    case 'read-row':
      return world.rows[by];
    case 'look':
      return { ...world.rows };
    case 'read-table':
      return world.table;
    case 'hand-over':
      return handOver(world, by, what.to, what.partitions);
    case 'resume':
      if (world.agents[what.to] && !world.dead.includes(what.to)) {
        new MachineAgent(world.agents[what.to] as AgentState).owner.discarded(what.partitions, by);
      }
      return;
    case 'write-record':
    case 'claim-record':
      return makeRecord(world, by, what);
    default:
      return writeTable(world, by, what);
  }
}

function writeTable(
  world: World,
  by: string,
  what: Extract<Asked, { do: 'found-table' | 'claim' | 'write-table' }>,
): WriteAnswer {
  const records = Math.max(...world.records.map(({ fence }) => fence));
  const expected = what.do === 'claim' ? what.over.revision : what.do === 'found-table' ? undefined : what.expected;
  if (!ENGINE.isExpected(world.table?.revision, expected)) return { is: 'conflict' };
  const revision = revised(world);
  if (what.do === 'found-table') {
    world.table = { table: foundedTable(PARTITIONS, by, ENGINE.claimEpoch(0, records, what.seenEpoch)), revision };
  } else if (what.do === 'claim') {
    const epoch = ENGINE.claimEpoch(what.over.table.epoch, records, what.seenEpoch);
    const to = { owner: by, epoch, handedBy: NOBODY };
    world.table = { table: reassigned(what.over.table, what.partitions, to), revision };
  } else {
    checkPins(world, by, what.table);
    world.table = { table: what.table, revision };
  }
  return { is: 'done', revision };
}

/** What was put on a machine stays there while that lives and does not leave, or until it is asked for elsewhere. */
function checkPins(world: World, by: string, { owners }: SeenTable['table']): void {
  const before = world.table?.table;
  const agent = world.agents[by];
  if (!before || agent?.phase !== 'member' || agent.owner.handing?.isPinned) return;
  const left = before.pinned.filter((partition) => before.owners[partition] === by && owners[partition] !== by);
  if (left.length > 0) throw new Violation(`partition ${left} leaves ${by}, where it was put`);
}

function handOver(world: World, by: string, to: string, partitions: readonly number[]): boolean {
  const target = world.agents[to];
  if (!target || world.dead.includes(to) || to in world.ended) return false;
  new MachineAgent(target).owner.installed(partitions, by);
  for (const partition of partitions) {
    const held = world.memory[by]?.[partition];
    if (held !== undefined) (world.transferred[to] as Record<number, number>)[partition] = held;
  }
  return true;
}

function makeRecord(world: World, by: string, what: Write): unknown {
  const record = world.records[what.partition] as { fence: number; version: number };
  if (what.do === 'claim-record') {
    if (what.epoch < record.fence) return;
    record.fence = ENGINE.claimed(what.epoch, record.fence);
    return record.version;
  }
  if (!ENGINE.takes(what.epoch, record.fence) || record.version !== what.version) return;
  for (const [machine, loaded] of Object.entries(world.loaded)) {
    const isServed = machine !== by && !world.dead.includes(machine) && loaded[what.partition] !== undefined;
    if (isServed && new MachineAgent(world.agents[machine] as AgentState).mayServe(0, what.partition))
      throw new Violation(`a record is written by ${by} while ${machine} serves it`);
  }
  record.fence = what.epoch;
  record.version++;
  return record.version;
}
