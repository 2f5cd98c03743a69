/** One fault at one step of many machines: what becomes of a partition, in the words of the table of the decision. */
import { MachineAgent } from '../../../src/machines/machine-agent.ts';
import { follow } from './machine-search.ts';
import type { World } from './machine-engine.ts';
import { newWorld } from './machine-world.ts';

interface Moment {
  /** Whose request it is, and which. */
  who: string;
  what: string;
  script: string;
}

const HANDING = 'time, begin A, answer A renew, slowly A look';
/** `B` has got partition 1, and it is to move to `C`, whose share is nothing. */
const ASKED = `turn A 1, join C${', time, run A, run B, run C'.repeat(3)}, want B 1 C`;
const LOST = `turn A 1, join C, crash A${', time, run B, run C'.repeat(3)}`;

/** `A` owns both partitions, `B` has just joined, `C` may. Partition 1 has had a turn. */
export const MOMENTS: Readonly<Record<string, Moment>> = {
  'join: the row is made': { who: 'C', what: 'create-row', script: 'turn A 1, arrive C' },
  'renew: the row is renewed': { who: 'A', what: 'renew', script: 'turn A 1, time, begin A' },
  'renew: the table is read behind it': {
    who: 'A',
    what: 'read-table',
    script: 'turn A 1, time, begin A, slowly A renew',
  },
  'hand-over: what moves is transferred': { who: 'A', what: 'hand-over', script: `turn A 1, ${HANDING}` },
  'hand-over: the commit is written': {
    who: 'A',
    what: 'write-table',
    script: `turn A 1, ${HANDING}, slowly A hand-over`,
  },
  'hand-over: the new owner reads the table': {
    ...{ who: 'B', what: 'read-table', script: `turn A 1, ${HANDING}, answer A hand-over, begin B, slowly B renew` },
  },
  'move: what was asked for is transferred': { who: 'B', what: 'hand-over', script: ASKED },
  'move: the commit is written': { who: 'B', what: 'write-table', script: `${ASKED}, slowly B hand-over` },
  'move: the new owner reads the table': {
    ...{ who: 'C', what: 'read-table', script: `${ASKED}, answer B hand-over, time, begin C, slowly C renew` },
  },
  'take-over: the silent one is declared lost': {
    who: 'B',
    what: 'declare-lost',
    script: `turn A 1, join C, crash A${', time, run B, run C'.repeat(2)}, time, begin B, answer B renew, slowly B look`,
  },
  'take-over: its partitions are claimed': {
    who: 'B',
    what: 'claim',
    script: `${LOST}, time, begin B, answer B renew, slowly B look`,
  },
  'leave: the row is removed': {
    who: 'A',
    what: 'withdraw',
    script: `turn A 1, time, run A, run B, time, slowly leave A${['renew', 'read-table', 'hand-over', 'write-table', 'read-table'].map((what) => `, slowly A ${what}`).join('')}`,
  },
};

const others = (who: string): string =>
  ['A', 'B', 'C']
    .filter((id) => id !== who)
    .map((id) => `run ${id}`)
    .join(', ');

export const FAULTS: Readonly<Record<string, (moment: Moment) => string>> = {
  'dies, not made': ({ who, what }) => `crash ${who}, drop ${who} ${what}`,
  'dies, made': ({ who, what }) => `crash ${who}, make ${who} ${what}, drop ${who} ${what}`,
  hangs: ({ who }) => `time, ${others(who)}, `.repeat(6).slice(0, -2),
  'is cut off': ({ who }) => `cut ${who}, time, begin ${who}, ${others(who)}, `.repeat(6).slice(0, -2),
  'no answer, made': ({ who, what }) => `make ${who} ${what}, unknown ${who} ${what}`,
  'no answer, made later': ({ who, what }) => `unknown ${who} ${what}, late ${what}`,
  'no answer, never made': ({ who, what }) => `unknown ${who} ${what}, lose ${what}`,
};

/** `A keeps`: the same owner, with everything; `B goes on`: another, with everything; `B begins anew`: from records. */
export function outcome(moment: Moment, fault: string): string {
  const world: World = newWorld(['A', 'B', 'C'], { joins: ['C'], leaves: ['A'] });
  const before = follow(world, moment.script, false);
  if (before !== undefined) throw new Error(before);
  if (!world.requests.some(({ by, what }) => by === moment.who && what.do === moment.what)) {
    const there = world.requests.map(({ by, what }) => `${by} ${what.do}`);
    throw new Error(`${moment.who} ${moment.what} is under way; got ${there}`);
  }
  const broken = follow(world, (FAULTS[fault] as (moment: Moment) => string)(moment));
  if (broken !== undefined) return broken;
  for (const [id, state] of Object.entries(world.agents)) {
    if (world.dead.includes(id) || !new MachineAgent(state).mayServe(0, 1)) continue;
    if (world.memory[id]?.[1] !== 1) return `${id} begins anew`;
    return id === 'A' ? 'A keeps' : `${id} goes on`;
  }
  return 'nobody is left';
}
