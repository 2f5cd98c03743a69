/** What happened in a random program, as its players wrote it down, and whether that keeps what is promised. */

export type Verb = 'tell' | 'ask' | 'publish';

export interface Sent {
  number: number;
  /** An actor's id, `master`, or `main-<worker>`. */
  from: string;
  verb: Verb;
  to: string;
  pid: number;
}

export interface Handled {
  number: number;
  at: string;
  from: string;
  pid: number;
}

export interface Settled {
  number: number;
  value: number | undefined;
  code: string | undefined;
  fate: string | undefined;
}

export class Record {
  readonly sent: Sent[] = [];
  readonly settled: Settled[] = [];
  readonly handled: Handled[] = [];
  readonly deadLetters: Set<number> = new Set();
  /** Processes that were killed. */
  readonly killed: Set<number> = new Set();
  /** Where each actor is known to have lived. */
  readonly homes: Map<string, Set<number>> = new Map();

  /** One line of a player's diary. */
  read(line: string): void {
    const [what, number, ...words] = line.split(' ') as [string, string, ...string[]];
    if (what === 'handled') this.#readHandled(Number(number), words);
    else if (what === 'sent') this.#readSent(Number(number), words);
    else if (what === 'settled') this.#readSettled(Number(number), words);
  }

  runsAt(id: string, pid: number): void {
    const homes = this.homes.get(id);
    if (homes) homes.add(pid);
    else this.homes.set(id, new Set([pid]));
  }

  #readHandled(number: number, [at, from, pid]: string[]): void {
    this.handled.push({ number, at: at as string, from: from as string, pid: Number(pid) });
    this.runsAt(at as string, Number(pid));
  }

  #readSent(number: number, [from, verb, to, pid]: string[]): void {
    this.sent.push({ number, from: from as string, verb: verb as Verb, to: to as string, pid: Number(pid) });
  }

  #readSettled(number: number, [value, code, fate]: string[]): void {
    const given = (word: string | undefined): string | undefined => (word === '-' ? undefined : word);
    this.settled.push({
      number,
      value: value === '-' ? undefined : Number(value),
      code: given(code),
      fate: given(fate),
    });
  }

  /** Everything that breaks a promise; empty where all is well. */
  faults(): string[] {
    return [...this.#doubles(), ...this.#swaps(), ...this.#unsettled(), ...this.#falseFates(), ...this.#lost()];
  }

  #doubles(): string[] {
    const seen = new Set<string>();
    const doubles: string[] = [];
    for (const { number, at } of this.handled) {
      const key = `${number} at ${at}`;
      if (seen.has(key)) doubles.push(`handled twice: ${key}`);
      seen.add(key);
    }
    return doubles;
  }

  /** The diary's lines of one sender are in the order in which it sent, those of one receiver in that of handling. */
  #swaps(): string[] {
    const places = this.#places();
    const last = new Map<string, number>();
    return this.handled.flatMap(({ number, at, from }) => {
      const pair = `${from} → ${at}`;
      const before = last.get(pair);
      last.set(pair, number);
      if (before === undefined || (places.get(number) ?? number) > (places.get(before) ?? before)) return [];
      return [`out of order: ${pair}: ${number} after ${before}`];
    });
  }

  /** Where a message stands among all that were sent; a main's sends are not written down, its numbers rise. */
  #places(): Map<number, number> {
    return new Map(this.sent.map(({ number }, place) => [number, place]));
  }

  #unsettled(): string[] {
    const counts = new Map<number, number>();
    for (const { number } of this.settled) counts.set(number, (counts.get(number) ?? 0) + 1);
    return this.sent.flatMap(({ number, verb, pid }) => {
      if (verb !== 'ask') return [];
      const count = counts.get(number) ?? 0;
      if (count === 1 || (count === 0 && this.killed.has(pid))) return [];
      return [`an ask settled ${count} times: ${number}`];
    });
  }

  #falseFates(): string[] {
    const ran = new Set(this.handled.map(({ number }) => number));
    return this.settled.flatMap(({ number, value, code, fate }) => {
      const text = `${number}: ${value ?? `${code}, ${fate}`}`;
      if (value !== undefined && value !== number) return [`an ask got another reply: ${text}`];
      if ((value !== undefined || fate === 'executed') && !ran.has(number))
        return [`said to be handled, but was not: ${text}`];
      if (fate === 'not-executed' && ran.has(number)) return [`said not to be handled, but was: ${text}`];
      return [];
    });
  }

  /** A message is handled, a dead letter, told to its asker, or was in the memory of a process that died. */
  #lost(): string[] {
    const ran = new Set(this.handled.map(({ number }) => number));
    const told = new Set(this.settled.map(({ number }) => number));
    return this.sent.flatMap((sent) => {
      const { number, verb, to, from } = sent;
      if (verb === 'publish' || ran.has(number) || this.deadLetters.has(number) || told.has(number)) return [];
      return this.#diedWithIt(sent) ? [] : [`lost: ${number} from ${from} to ${to}`];
    });
  }

  /**
   * Whether it may have been in the memory of its sender's process, or of a host of its receiver, when that was killed.
   * What the same sender sent later and this process did get on its way, or handled, shows that it was not.
   */
  #diedWithIt({ number, from, to, pid }: Sent): boolean {
    const places = this.#places();
    const place = (one: number): number => places.get(one) ?? -1;
    const isLater = (one: Handled): boolean =>
      place(one.number) > place(number) && this.sent[place(one.number)]?.pid === pid;
    const later = this.handled.filter((one) => one.from === from && one.at === to && isLater(one));
    if (this.killed.has(pid) && later.length === 0) return true;
    const homes = [...(this.homes.get(to) ?? [])].filter((home) => this.killed.has(home));
    return homes.some((home) => !later.some((one) => one.pid === home));
  }
}
