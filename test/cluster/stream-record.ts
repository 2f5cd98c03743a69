/** What streams sent and sinks handled, as both wrote it down outside of the workers, and whether promises were kept. */
import { readFileSync } from 'node:fs';

interface Sent {
  from: string;
  verb: string;
  to: string;
  n: number;
  pid: number;
  /** Position in the diary. */
  at: number;
}

interface Handled {
  at: string;
  from: string;
  n: number;
  pid: number;
}

export interface StreamReport {
  sent: number;
  handled: number;
  asks: number;
  failedAsks: Record<string, number>;
  /** The same message handled twice by one sink. */
  doubles: string[];
  /** Handled after a later one of the same sender. */
  swaps: string[];
  /** Neither handled nor a dead letter. */
  lost: Sent[];
  unsettled: number;
  falseFates: string[];
}

/** `sinks` all subscribe to every topic that is published to. `deadLetters`: `to from n` of each. */
export function readStreams(path: string, sinks: readonly string[], deadLetters: ReadonlySet<string>): StreamReport {
  const sent: Sent[] = [];
  const handled: Handled[] = [];
  const settled = new Map<string, string[][]>();
  let line = 0;
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    const [what, ...words] = text.split(' ') as [string, ...string[]];
    if (what === 'sent') {
      const [from, verb, to, n, pid] = words as [string, string, string, string, string];
      sent.push({ from, verb, to, n: Number(n), pid: Number(pid), at: line++ });
    } else if (what === 'handled') {
      const [at, from, n, pid] = words as [string, string, string, string];
      handled.push({ at, from, n: Number(n), pid: Number(pid) });
    } else if (what === 'settled') {
      const [from, n, ...outcome] = words as [string, string, ...string[]];
      const key = `${from} ${n}`;
      settled.set(key, [...(settled.get(key) ?? []), outcome]);
    }
  }
  return report(sent, handled, settled, sinks, deadLetters);
}

function report(
  sent: Sent[],
  handled: Handled[],
  settled: Map<string, string[][]>,
  sinks: readonly string[],
  deadLetters: ReadonlySet<string>,
): StreamReport {
  const seen = new Set<string>();
  const doubles: string[] = [];
  const swaps: string[] = [];
  const last = new Map<string, number>();
  for (const { at, from, n, pid } of handled) {
    const key = `${at} ${from} ${n}`;
    if (seen.has(key)) doubles.push(`${key} in ${pid}`);
    seen.add(key);
    const pair = `${at} ${from}`;
    const before = last.get(pair) ?? 0;
    if (n < before) swaps.push(`${pair}: ${n} after ${before} in ${pid}`);
    last.set(pair, Math.max(before, n));
  }
  const failedAsks: Record<string, number> = {};
  const falseFates: string[] = [];
  let [asks, unsettled] = [0, 0];
  const lost: Sent[] = [];
  for (const one of sent) {
    const { from, verb, to, n } = one;
    const targets = verb === 'publish' ? sinks : [to];
    const outcomes = verb === 'ask' ? (settled.get(`${from} ${n}`) ?? []) : [];
    if (verb === 'ask') {
      asks++;
      if (outcomes.length !== 1) unsettled++;
      for (const [value, code, fate] of outcomes) {
        const ran = seen.has(`${to} ${from} ${n}`);
        if (code !== '-') failedAsks[`${code} ${fate}`] = (failedAsks[`${code} ${fate}`] ?? 0) + 1;
        if (code === '-' ? Number(value) !== n || !ran : (fate === 'executed') !== ran && fate !== 'unknown')
          falseFates.push(`${from} ${n}: ${value} ${code} ${fate}, ${ran ? 'it ran' : 'it did not run'}`);
      }
    }
    const told = outcomes.some(([, code]) => code !== '-');
    for (const target of targets)
      if (!seen.has(`${target} ${from} ${n}`) && !told && !deadLetters.has(`${target} ${from} ${n}`))
        lost.push({ ...one, to: target });
  }
  return { sent: sent.length, handled: handled.length, asks, failedAsks, doubles, swaps, lost, unsettled, falseFates };
}
