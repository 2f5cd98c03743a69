/** What streams sent and sinks handled, as all wrote it down outside of the workers, and whether promises were kept. */
import { readFileSync } from 'node:fs';

interface Sent {
  from: string;
  verb: string;
  to: string;
  n: number;
  pid: number;
  /** Its line in the diary: all processes append to the one file, so lines are in the order of time. */
  line: number;
}

interface Handled {
  at: string;
  from: string;
  n: number;
  pid: number;
  /** Another one with each start and each move. */
  fence: string;
  line: number;
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
  /** Neither handled, nor a dead letter, nor in the memory of a process that was killed. */
  lost: string[];
  /** Lost with a process that was killed. */
  died: number;
  /** Asks that did not settle once; those of killed processes need not. */
  unsettled: string[];
  falseFates: string[];
}

export class StreamRecord {
  readonly #sent: Sent[] = [];
  readonly #handled: Handled[] = [];
  readonly #outcomes = new Map<string, [value: string, code: string, fate: string][]>();
  /** When a process was killed or frozen, and when its exit was known. */
  readonly #killed = new Map<number, number>();
  readonly #exited = new Map<number, number>();
  readonly #ran = new Set<string>();
  /** By receiver, and by receiver and sender: what was handled, as it came. */
  readonly #byPair = new Map<string, Handled[]>();

  constructor(path: string) {
    for (const [line, text] of readFileSync(path, 'utf8').split('\n').entries()) {
      const [what, ...words] = text.split(' ') as [string, ...string[]];
      if (what === 'sent') this.#readSent(words, line);
      else if (what === 'handled') this.#readHandled(words, line);
      else if (what === 'settled') this.#readSettled(words);
      else if (what === 'killed') this.#killed.set(Number(words[0]), line);
      else if (what === 'exited') this.#exited.set(Number(words[0]), line);
    }
  }

  /** `subscribers`: who gets all that is published; empty where subscriptions die with workers. */
  report(subscribers: readonly string[], deadLetters: ReadonlySet<string>): StreamReport {
    const missing = this.#missing(subscribers, deadLetters);
    const lost = missing.filter((one) => !this.#diedWithIt(one));
    return {
      sent: this.#sent.length,
      handled: this.#handled.length,
      asks: this.#sent.filter(({ verb }) => verb === 'ask').length,
      failedAsks: this.#failedAsks(),
      doubles: this.#doubles(),
      swaps: this.#swaps(),
      lost: lost.map(({ from, verb, to, n, pid }) => `${verb} ${n} from ${from} in ${pid} to ${to}`),
      died: missing.length - lost.length,
      unsettled: this.#unsettled(),
      falseFates: this.#falseFates(),
    };
  }

  #readSent([from, verb, to, n, pid]: string[], line: number): void {
    this.#sent.push({
      from: from as string,
      verb: verb as string,
      to: to as string,
      n: Number(n),
      pid: Number(pid),
      line,
    });
  }

  #readHandled([at, from, n, pid, fence]: string[], line: number): void {
    const one = {
      at: at as string,
      from: from as string,
      n: Number(n),
      pid: Number(pid),
      fence: fence as string,
      line,
    };
    this.#handled.push(one);
    this.#ran.add(`${at} ${from} ${n}`);
    for (const key of [one.at, `${at} ${from}`]) {
      const known = this.#byPair.get(key);
      if (known) known.push(one);
      else this.#byPair.set(key, [one]);
    }
  }

  #readSettled([from, n, value, code, fate]: string[]): void {
    const key = `${from} ${n}`;
    const outcomes = this.#outcomes.get(key) ?? [];
    this.#outcomes.set(key, outcomes);
    outcomes.push([value as string, code as string, fate as string]);
  }

  #doubles(): string[] {
    const seen = new Set<string>();
    return this.#handled.flatMap(({ at, from, n, pid }) => {
      const key = `${at} ${from} ${n}`;
      if (seen.has(key)) return [`${key} in ${pid}`];
      seen.add(key);
      return [];
    });
  }

  #swaps(): string[] {
    const last = new Map<string, number>();
    return this.#handled.flatMap(({ at, from, n, pid }) => {
      const pair = `${at} ${from}`;
      const before = last.get(pair) ?? 0;
      last.set(pair, Math.max(before, n));
      return n < before ? [`${pair}: ${n} after ${before} in ${pid}`] : [];
    });
  }

  #missing(subscribers: readonly string[], deadLetters: ReadonlySet<string>): Sent[] {
    return this.#sent.flatMap((one) => {
      const { from, verb, to, n } = one;
      if (verb === 'ask' && this.#outcomes.get(`${from} ${n}`)?.some(([, code]) => code !== '-')) return [];
      const targets = verb === 'publish' ? subscribers : [to];
      return targets
        .filter((id) => !this.#ran.has(`${id} ${from} ${n}`) && !deadLetters.has(`${id} ${from} ${n}`))
        .map((id) => ({ ...one, to: id }));
    });
  }

  /**
   * Whether it may have been in the memory of its sender's process, or of its receiver's host, when that was killed. Loss
   * is a gap in what a sender's receiver handled: the kill must lie between the two sides of the gap, and the message
   * have been sent before the exit was known.
   */
  #diedWithIt({ from, to, n, pid, line }: Sent): boolean {
    const pair = this.#byPair.get(`${to} ${from}`) ?? [];
    const before = pair.findLast((one) => one.n < n)?.line ?? -1;
    const after = pair.find((one) => one.n > n)?.line ?? Number.POSITIVE_INFINITY;
    for (const [killed, since] of this.#killed) {
      const until = this.#exited.get(killed) ?? Number.POSITIVE_INFINITY;
      if (since > after || line > until) continue;
      // What the sender's process had got away before may be handled long after its end.
      if (killed === pid || (before <= until && this.#mayLiveAt(to, killed, since, until))) return true;
    }
    return false;
  }

  /**
   * Who has neither moved nor started between what it handled before a kill and after the exit was known was not in what
   * was killed. One that is frozen is a host for new ones until it is found to hang.
   */
  #mayLiveAt(id: string, pid: number, since: number, until: number): boolean {
    const all = this.#byPair.get(id) ?? [];
    const before = all.findLast((one) => one.line < since);
    const after = all.find((one) => one.line > until);
    return before?.pid === pid || before?.fence !== after?.fence;
  }

  #unsettled(): string[] {
    return this.#sent.flatMap(({ from, verb, n, pid }) => {
      if (verb !== 'ask') return [];
      const times = this.#outcomes.get(`${from} ${n}`)?.length ?? 0;
      if (times === 1 || (times === 0 && this.#killed.has(pid))) return [];
      return [`${n} of ${from} in ${pid}: ${times} times`];
    });
  }

  #failedAsks(): Record<string, number> {
    const failed: Record<string, number> = {};
    for (const outcomes of this.#outcomes.values())
      for (const [, code, fate] of outcomes)
        if (code !== '-') failed[`${code} ${fate}`] = (failed[`${code} ${fate}`] ?? 0) + 1;
    return failed;
  }

  #falseFates(): string[] {
    return this.#sent.flatMap(({ from, verb, to, n }) => {
      if (verb !== 'ask') return [];
      const ran = this.#ran.has(`${to} ${from} ${n}`);
      return (this.#outcomes.get(`${from} ${n}`) ?? []).flatMap(([value, code, fate]) => {
        const isTrue = code === '-' ? ran && Number(value) === n : fate === 'unknown' || (fate === 'executed') === ran;
        return isTrue ? [] : [`${n} of ${from}: ${value} ${code} ${fate}, ${ran ? 'it ran' : 'it did not run'}`];
      });
    });
  }
}
