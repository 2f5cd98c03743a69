/** Which workers may host what: by their roles, by the code that they have loaded, and by whether they come or go. */
export class Hosts {
  /** With their roles. */
  readonly #open = new Map<number, string>();
  /** Workers that try new code out, with their roles: they host kinds that only the new code has. */
  readonly #trials = new Map<number, string>();
  /** Workers that are drained: nothing new comes to them but the children of those who still live there. */
  readonly #leaving = new Set<number>();
  /** Those of them that are empty, and go now: not even that comes to them. */
  readonly #closed = new Set<number>();
  /** New kinds, each with the workers whose code has it; forgotten once all workers have new code. */
  readonly #newKinds = new Map<string, Set<number>>();

  of(role = ''): number[] {
    const hosts = [...this.#open].filter(([, has]) => role === '' || has === role).map(([index]) => index);
    return hosts.sort((one, other) => one - other);
  }

  /** Those of a role that have the kind. */
  ofKind(kind: string, role: string): number[] {
    const having = this.#newKinds.get(kind);
    if (!having) return this.of(role);
    const hosts = [...having].filter((index) => {
      const has = this.#open.get(index) ?? this.#trials.get(index);
      return has !== undefined && (role === '' || role === has);
    });
    return hosts.sort((one, other) => one - other);
  }

  all(): number[] {
    return [...this.#open.keys(), ...this.#trials.keys()];
  }

  roles(): Iterable<string> {
    return this.#open.values();
  }

  roleOf(worker: number): string | undefined {
    return this.#open.get(worker);
  }

  has(worker: number): boolean {
    return this.#open.has(worker) || this.#trials.has(worker);
  }

  add(worker: number, role: string): void {
    this.#trials.delete(worker);
    this.#open.set(worker, role);
  }

  /** For now it hosts what no other one could. */
  tryOut(worker: number, role: string): void {
    this.#trials.set(worker, role);
  }

  /** No longer a host for anything new. Units on it are moved away by hand-offs: `unitsOn` says which and where to. */
  leave(worker: number): void {
    this.#open.delete(worker);
    this.#leaving.add(worker);
  }

  close(worker: number): void {
    this.#closed.add(worker);
  }

  stay(worker: number): void {
    this.#leaving.delete(worker);
    this.#closed.delete(worker);
  }

  get leaving(): ReadonlySet<number> {
    return this.#leaving;
  }

  isLeaving(worker: number): boolean {
    return this.#leaving.has(worker);
  }

  isClosed(worker: number): boolean {
    return this.#closed.has(worker);
  }

  /** It is dead. False: it did not host anything. */
  remove(worker: number): boolean {
    const wasLeaving = this.#leaving.delete(worker);
    this.#closed.delete(worker);
    for (const having of this.#newKinds.values()) having.delete(worker);
    const wasTried = this.#trials.delete(worker);
    return this.#open.delete(worker) || wasTried || wasLeaving;
  }

  /** From now on only workers that say so have these kinds; none: all workers have all. */
  onlySomeHave(kinds: Iterable<string>): void {
    this.#newKinds.clear();
    for (const kind of kinds) this.#newKinds.set(kind, new Set());
  }

  /** The code of a worker, as it has loaded it. */
  loaded(worker: number, kinds: Readonly<Record<string, unknown>>): void {
    for (const [kind, having] of this.#newKinds) if (Object.hasOwn(kinds, kind)) having.add(worker);
  }
}
