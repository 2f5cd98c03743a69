/** The last five minutes of the overview, as far as somebody looked: counts of the system as rates between two looks. */
import { signal } from '@preact/signals';
import type { OverviewAnswer } from '../../src/dashboard/answers.ts';

/** Points of five minutes. */
export const POINTS_MAX = 300;
/** Milliseconds between two looks, beyond which nobody looked: a gap in the chart. */
const GAP_MS = 10_000;

export interface Point {
  readonly at: number;
  /** Undefined: there is no look before it. */
  readonly messages: number | undefined;
  readonly failures: number | undefined;
  readonly deadLetters: number | undefined;
  readonly mailbox: number | undefined;
  /** Milliseconds; the slowest kind's. */
  readonly p99: number | undefined;
  readonly cpu: ReadonlyMap<number, number>;
  readonly kinds: ReadonlyMap<string, KindRate>;
}

export interface KindRate {
  readonly messages: number;
  readonly failures: number;
}

export const points = signal<readonly Point[]>([]);
let before: OverviewAnswer | undefined;

export function note(now: OverviewAnswer): void {
  const last = before;
  if (last !== undefined && now.at <= last.at) return;
  before = now;
  const isFollowed = last !== undefined && now.at - last.at < GAP_MS;
  const next = [...points.value];
  if (last !== undefined && !isFollowed) next.push({ ...NOTHING, at: last.at + 1_000 });
  next.push(isFollowed ? pointOf(last, now) : { ...NOTHING, at: now.at, mailbox: now.metrics.mailbox });
  points.value = next.slice(-POINTS_MAX);
}

const NOTHING = {
  ...{ messages: undefined, failures: undefined, deadLetters: undefined, mailbox: undefined, p99: undefined },
  ...{ cpu: new Map<number, number>(), kinds: new Map<string, KindRate>() },
};

function pointOf(last: OverviewAnswer, now: OverviewAnswer): Point {
  const seconds = (now.at - last.at) / 1_000;
  // A process that has been replaced begins to count anew.
  const per = (from: number | undefined, to: number): number => Math.max(0, to - (from ?? to)) / seconds;
  const [{ metrics: a }, { metrics: b }] = [last, now];
  const kinds = Object.entries(b.kinds).map(([kind, { messages, failures }]): [string, KindRate] => [
    kind,
    { messages: per(a.kinds[kind]?.messages, messages), failures: per(a.kinds[kind]?.failures, failures) },
  ]);
  const cpu = b.workers.map(({ worker, pid, cpuMs }): [number, number] => {
    const earlier = a.workers.find((one) => one.pid === pid);
    return [worker, earlier === undefined ? Number.NaN : per(earlier.cpuMs, cpuMs) / 1_000];
  });
  const slowest = Object.values(b.kinds).map((kind) => kind.handlingMs?.p99 ?? 0);
  return {
    at: now.at,
    messages: per(a.messages, b.messages),
    failures: per(a.failures, b.failures),
    deadLetters: per(a.deadLetters, b.deadLetters),
    mailbox: b.mailbox,
    p99: slowest.length === 0 ? undefined : Math.max(...slowest),
    cpu: new Map(cpu),
    kinds: new Map(kinds),
  };
}
