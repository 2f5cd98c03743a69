/** What the programs of a hunt came to, by mix. */
interface OfMix {
  programs: number;
  failures: number;
  cpuMs: number;
  readonly counts: Map<string, number>;
}

export class HuntCounts {
  readonly #mixes = new Map<string, OfMix>();

  get programs(): number {
    return this.#sum(({ programs }) => programs);
  }

  get failures(): number {
    return this.#sum(({ failures }) => failures);
  }

  note(mix: string, cpuMs: number, counts: Readonly<Record<string, number>>): void {
    const of = this.#of(mix);
    of.programs++;
    of.cpuMs += cpuMs;
    for (const [what, number] of Object.entries(counts)) of.counts.set(what, (of.counts.get(what) ?? 0) + number);
  }

  failed(mix: string): void {
    this.#of(mix).failures++;
  }

  lines(): string[] {
    return [...this.#mixes].map(([mix, { programs, failures, cpuMs, counts }]) => {
      const each = [...counts].sort().map(([what, number]) => `${what} ${number}`);
      const cost = programs === 0 ? 0 : Math.round(cpuMs / programs);
      return `  ${mix}: ${programs} programs of ${cost} ms of a processor, ${failures} failures; ${each.join(', ')}`;
    });
  }

  #of(mix: string): OfMix {
    let of = this.#mixes.get(mix);
    if (!of) this.#mixes.set(mix, (of = { programs: 0, failures: 0, cpuMs: 0, counts: new Map() }));
    return of;
  }

  #sum(part: (of: OfMix) => number): number {
    return [...this.#mixes.values()].reduce((sum, of) => sum + part(of), 0);
  }
}
