/** The order in which a reload does things, with the parts of the master that it asks played here: each rule by what would go wrong without it. */
import { beforeEach, describe, expect, test } from 'vitest';
import { Hosts } from '../../../src/placement-service/hosts.ts';
import { Reload, type ReloadParts } from '../../../src/master/reload.ts';
import { type ErrorData, errorToData, TroupeError } from '../../../src/vocabulary/errors.ts';
import type { KindTerms } from '../../../src/wire/control.ts';

type Kinds = Record<string, KindTerms>;

const terms = (strategy: KindTerms['strategy'] = 'hash'): KindTerms => ({
  ...{ role: 'worker', column: 'worker', strategy, isDurable: false, capacity: 100 },
});
const JOB: Kinds = { job: terms() };
const TRIAL = 9;

/** What the reload did, in order. */
let steps: string[];
let isQuiescent: boolean;
let hosts: Hosts;
/** Changes of kinds that were made while units were on the move. */
let madeInMoves: object[];
/** Questions that are not answered until the test says so. */
let unanswered: Map<string, () => void>;

beforeEach(() => {
  steps = [];
  isQuiescent = false;
  hosts = new Hosts();
  hosts.add(1, 'worker');
  hosts.add(2, 'worker');
  madeInMoves = [];
  unanswered = new Map();
});

interface Fates {
  /** Words of the questions whose answers wait. */
  waitFor?: string[];
  /** The trial does not become ready. */
  fails?: boolean;
  /** What a process answers that has an actor which cannot move. */
  unmovable?: ErrorData;
}

function reload(before: Kinds, after: Kinds, { waitFor = [], fails = false, unmovable }: Fates = {}): Promise<void> {
  const workers = [1, 2].map((index) => ({ index, role: 'worker', kinds: before, life: { state: 'ready' } }));
  const trial = { index: TRIAL, role: 'worker', kinds: after, life: { state: 'ready' } };
  const wereHashed = new Set<string>();
  const asked = async (what: unknown): Promise<unknown[]> => {
    const name = typeof what === 'string' ? what : JSON.stringify(what);
    steps.push(`ask ${name}`);
    if (waitFor.includes(name)) await new Promise<void>((resolve) => unanswered.set(name, resolve));
    return name === 'unmovable' ? [undefined, unmovable] : [];
  };
  const changeKinds = (changes: Record<string, KindTerms | null>): void => {
    if (!isQuiescent) madeInMoves.push(changes);
    for (const [kind, change] of Object.entries(changes)) {
      steps.push(change === null ? `forget ${kind}` : `change ${kind}`);
      if (change !== null && before[kind]?.strategy === 'hash') wereHashed.add(kind);
      steps.push(`${kind} on ${hosts.ofKind(kind, 'worker').join(' and ') || 'nobody'}`);
    }
  };
  const parts = {
    log: { warn: () => {}, error: () => {} },
    drainMs: 1_000,
    membership: Object.assign([{ index: 1 }], { isPresent: () => true }),
    handoffs: {
      whenQuiescent: async (act: () => void) => {
        await Promise.resolve();
        isQuiescent = true;
        act();
        isQuiescent = false;
      },
    },
    queries: {
      askAll: (_members: unknown, what: unknown) => asked(what),
      ask: async (_member: unknown, what: unknown) => void (await asked(what)),
    },
    placement: {
      ...{ table: { kinds: () => Object.entries(before) }, hosts, changeKinds, placesOf: () => 0 },
      wasHashed: (kind: string) => wereHashed.has(kind),
      placesAreKnown: (kind: string) => void steps.push(`places of ${kind} are known`),
      learnPlaces: () => void steps.push('learn places'),
      misplaced: () => [],
    },
    rebalancing: { force: async () => void steps.push('move') },
    supervisor: {
      all: () => (steps.includes('trial') ? [...workers, trial] : workers),
      add: () => {
        steps.push('trial');
        return trial;
      },
      loaded: async () => after,
      ready: async () => {
        if (fails) throw new Error('main failed');
      },
      dismiss: async () => void steps.push('dismiss'),
    },
    admit: () => {
      steps.push('admit');
      hosts.tryOut(TRIAL, 'worker');
    },
    join: () => void steps.push('join'),
    replace: async ({ index }: { index: number }) => void steps.push(`replace ${index}`),
    remove: async () => void steps.push('remove the trial'),
  } as unknown as ReloadParts;
  return new Reload(parts).run();
}

async function turns(): Promise<void> {
  for (let n = 0; n < 50; n++) await Promise.resolve();
}

async function answer(name: string): Promise<void> {
  unanswered.get(name)?.();
  await turns();
}

describe('kinds that are gone', () => {
  test('are out of the table first; no worker is replaced before their actors have ended where they are', async () => {
    const over = reload({ ...JOB, old: terms() }, JOB, { waitFor: ['removed-ended'] });
    await turns();
    expect(steps.slice(-2)).toEqual(['old on 1 and 2', 'ask removed-ended']);
    expect(steps).not.toContain('join');
    await answer('removed-ended');
    await over;
    expect(steps.indexOf('replace 1')).toBeGreaterThan(steps.indexOf('ask removed-ended'));
  });
});

describe('an actor that cannot move', () => {
  test('is asked for once the new code has loaded, and refuses the reload before anybody is touched', async () => {
    const unmovable = errorToData(
      new TroupeError('INVALID_MESSAGE', 'the state of job/a is plain data; got a function'),
    );
    await expect(reload(JOB, { ...JOB, fresh: terms() }, { unmovable })).rejects.toThrow(/job\/a/);
    expect(steps).toEqual(['trial', 'ask unmovable', 'dismiss']);
  });
});

describe('kinds that get another place', () => {
  const before = JOB;
  const after = { job: terms('least-loaded') };

  test('are placed anew once all that was sent by their old places has been read', async () => {
    const over = reload(before, after, { waitFor: ['flush'] });
    await turns();
    expect(steps.at(-1)).toBe('ask flush');
    expect(steps).not.toContain('places of job are known');
    expect(steps).not.toContain('move');
    await answer('flush');
    await over;
    expect(steps.slice(-4)).toEqual(['ask flush', 'places of job are known', 'move', 'remove the trial']);
  });

  test('and once it is known where those live that nobody has asked for', async () => {
    const question = JSON.stringify({ idsOf: 'job' });
    const over = reload(before, after, { waitFor: [question] });
    await turns();
    expect(steps.at(-1)).toBe(`ask ${question}`);
    await answer(question);
    await over;
    expect(steps.indexOf('learn places')).toBeLessThan(steps.indexOf('ask flush'));
  });

  test('change after every worker has the new code', async () => {
    await reload(before, after);
    expect(steps.indexOf('change job')).toBeGreaterThan(steps.indexOf('replace 2'));
  });
});

describe('new kinds', () => {
  const after = { ...JOB, fresh: terms() };

  test('are hosted by those alone whose code has them, as soon as they are in the table', async () => {
    await reload(JOB, after);
    // The trial does not host anything before it is admitted; old workers never host the new kind.
    expect(steps).toContain('fresh on nobody');
    expect(steps.indexOf('change fresh')).toBeLessThan(steps.indexOf('admit'));
    expect(hosts.ofKind('fresh', 'worker')).toEqual([1, 2]);
  });

  test('while the trial is tried out it hosts them, and the old workers do not', async () => {
    let hosting: number[] = [];
    const over = reload(JOB, after, { fails: true });
    await expect(
      over.finally(() => {
        hosting = hosts.ofKind('fresh', 'worker');
      }),
    ).rejects.toThrow('main failed');
    // Taken back: asked at the moment of the withdrawal, it was the trial that hosted them.
    expect(steps.slice(steps.indexOf('forget fresh'))).toEqual(['forget fresh', `fresh on ${TRIAL}`]);
    expect(hosting).toEqual([1, 2]);
  });

  test('are taken back where the reload fails, after the trial has ended', async () => {
    await expect(reload(JOB, after, { fails: true })).rejects.toThrow('main failed');
    expect(steps.filter((step) => /^(dismiss|forget|join|replace)/.test(step))).toEqual(['dismiss', 'forget fresh']);
  });
});

test('no kind changes while units are on the move', async () => {
  const before = { ...JOB, old: terms() };
  const after = { job: terms('least-loaded'), fresh: terms() };
  await reload(before, after);
  expect(steps.filter((step) => /^(change|forget)/.test(step))).toEqual(['change fresh', 'forget old', 'change job']);
  await expect(reload(before, after, { fails: true })).rejects.toThrow('main failed');
  expect(steps).toContain('forget fresh');
  expect(madeInMoves).toEqual([]);
});
