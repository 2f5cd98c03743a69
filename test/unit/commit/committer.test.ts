import { expect, it } from 'vitest';
import { COMMIT_TRACES_MAX, COMMITS_IN_FLIGHT_MAX, Committer, type Committing } from '../../../src/commit/committer.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import type { SpanOwner, Spans } from '../../../src/observe/spans.ts';
import type { StoreChange } from '../../../src/store/store.ts';

/** Commits wait for the test. */
class SlowStore extends MemoryStore {
  readonly gathersCommits: boolean;
  readonly commits: string[][] = [];
  readonly answers: (() => void)[] = [];

  constructor(gathersCommits: boolean) {
    super();
    this.gathersCommits = gathersCommits;
  }

  override commit(changes: readonly StoreChange[]): Promise<void> {
    this.commits.push(changes.map(({ id }) => id));
    return new Promise((resolve) => this.answers.push(resolve));
  }
}

/** An actor whose turns wait in its batch while one is written. */
class Actor implements Committing {
  readonly sync = true;
  readonly id: string;
  isNoted = false;
  committing = 0;
  open = 0;
  readonly #committer: Committer;

  constructor(id: string, committer: Committer) {
    this.id = id;
    this.#committer = committer;
  }

  turn(traced?: SpanOwner): void {
    this.open++;
    this.#committer.note(this, traced);
  }

  prepare(changes: StoreChange[]): void {
    if (this.committing > 0 || this.open === 0) return;
    this.committing = this.open;
    this.open = 0;
    changes.push({ id: this.id, expectedVersion: 0, fence: '', wakeAt: undefined, put: new Map(), remove: [] });
  }

  committed(): void {
    this.committing = 0;
    if (this.open > 0) this.#committer.note(this);
  }

  failed(): void {}
}

function begin(gathersCommits: boolean): { store: SlowStore; committer: Committer; actors: Actor[] } {
  const store = new SlowStore(gathersCommits);
  const committer = new Committer(store, new VirtualClock());
  const actors = Array.from({ length: COMMITS_IN_FLIGHT_MAX + 4 }, (_, at) => new Actor(`bank/${at}`, committer));
  return { store, committer, actors };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('asks a store that gathers for several commits at once, of each actor for one after the other', async () => {
  const { store, committer, actors } = begin(true);
  const [one, two] = actors as [Actor, Actor];
  one.turn();
  await settled();
  one.turn();
  two.turn();
  await settled();
  expect(store.commits).toEqual([['bank/0'], ['bank/1']]);
  store.answers[0]?.();
  await settled();
  expect(store.commits.slice(2)).toEqual([['bank/0']]);
  expect(committer.isIdle).toBe(false);
  for (const answer of store.answers) answer();
  await settled();
  expect(committer.isIdle).toBe(true);
});

it('asks it for no more at once than the bound: the others go together as one ends', async () => {
  const { store, actors } = begin(true);
  for (const actor of actors) {
    actor.turn();
    await settled();
  }
  expect(store.commits).toHaveLength(COMMITS_IN_FLIGHT_MAX);
  store.answers[5]?.();
  await settled();
  expect(store.commits.slice(COMMITS_IN_FLIGHT_MAX)).toEqual([
    Array.from({ length: 4 }, (_, at) => `bank/${COMMITS_IN_FLIGHT_MAX + at}`),
  ]);
});

it('asks any other store for one after the other: what comes meanwhile goes together', async () => {
  const { store, actors } = begin(false);
  for (const actor of actors.slice(0, 4)) {
    actor.turn();
    await settled();
  }
  expect(store.commits).toEqual([['bank/0']]);
  store.answers[0]?.();
  await settled();
  expect(store.commits.slice(1)).toEqual([['bank/1', 'bank/2', 'bank/3']]);
});

it(`tells the span of a commit of ${COMMIT_TRACES_MAX} turns, however many are in it`, async () => {
  const told: [traces: number, records: number][] = [];
  const spans: Pick<Spans, 'kept' | 'commits'> = {
    kept: () => 'a trace',
    commits: (turns, records) => {
      told.push([turns.length, records]);
      return { ends: () => {} };
    },
  };
  const committer = new Committer(new MemoryStore(), new VirtualClock(), spans as Spans);
  const turns = COMMIT_TRACES_MAX + 1;
  for (let n = 0; n < turns; n++) new Actor(`bank/${n}`, committer).turn({} as SpanOwner);
  await settled();
  expect(told).toEqual([[COMMIT_TRACES_MAX, turns]]);
});
