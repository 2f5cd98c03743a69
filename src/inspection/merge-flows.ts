/** The flow of messages of a system: the counts of its processes, added up pair by pair. Pure. */
import {
  type Flow,
  FLOW_SHOWN_MAX,
  type FlowAnswer,
  type FlowCount,
  type FlowTimes,
  type MessageFlow,
} from '../observe/message-flow.ts';
import { mergeTimings, type Timing } from '../observe/timing.ts';

/** The answers of all processes together. `running`: workers that should have answered. */
export function mergeFlows(answers: readonly FlowAnswer[], running: readonly number[]): MessageFlow {
  const byPair = new Map<string, FlowCount[]>();
  for (const { pairs } of answers)
    for (const pair of pairs) {
      const key = `${pair.from} ${pair.to}`;
      byPair.set(key, [...(byPair.get(key) ?? []), pair]);
    }
  const flows = [...byPair.values()].map(mergePairs).sort(byRate);
  const answered = new Set(answers.map(({ worker }) => worker));
  return {
    flows: flows.slice(0, FLOW_SHOWN_MAX),
    more: Math.max(0, flows.length - FLOW_SHOWN_MAX),
    silent: running.filter((worker) => !answered.has(worker)),
  };
}

function mergePairs(all: readonly FlowCount[]): Flow {
  const { from, to } = all[0] as FlowCount;
  const perSecond = sum(all, 'perSecond');
  const off = Math.hypot(...all.map((one) => one.error * one.perSecond));
  return {
    ...{ from, to, perSecond, error: off === 0 ? 0 : off / perSecond, count: sum(all, 'count') },
    waitMs: timesOf(all.map(({ waitMs }) => waitMs)),
    handlingMs: timesOf(all.map(({ handlingMs }) => handlingMs)),
  };
}

function sum(all: readonly FlowCount[], name: 'perSecond' | 'count'): number {
  return all.reduce((total, one) => total + one[name], 0);
}

function timesOf(all: readonly (Timing | undefined)[]): FlowTimes | undefined {
  const timing = mergeTimings(all);
  return timing?.p50 === undefined ? undefined : { p50: timing.p50, p99: timing.p99 };
}

function byRate(one: Flow, other: Flow): number {
  return (
    other.perSecond - one.perSecond ||
    other.count - one.count ||
    (`${one.from} ${one.to}` < `${other.from} ${other.to}` ? -1 : 1)
  );
}
