/** What a run has done against the promises, in the words of whoever noticed. */
export class Breaches {
  readonly list: string[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get now(): number {
    return this.#now();
  }

  add(promise: number | 'placement' | 'state' | 'liveness' | 'end', text: string): void {
    this.list.push(`[${typeof promise === 'number' ? `promise ${promise}` : promise}] ${this.now.toFixed(3)} ${text}`);
  }
}
