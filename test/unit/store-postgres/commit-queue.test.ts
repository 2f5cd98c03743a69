/** The queue of commits with an engine that says what the test wants, and the memory of values. */
import { describe, expect, it } from 'vitest';
import type { StoreChange } from '../../../src/store/store.ts';
import {
  BESIDE_BYTES_MIN,
  BESIDE_CHANGES_MIN,
  CHECKS_MAX,
  COMMITS_WAITING_BYTES_MAX,
  COMMITS_WAITING_MAX,
  CommitQueue,
  type QueuePorts,
  STATEMENT_BYTES_MAX,
  STATEMENT_CHANGES_MAX,
} from '../../../src/store-postgres/commit-queue.ts';
import { CHECK_FAILED } from '../../../src/store-postgres/commit-statement.ts';
import { EngineError } from '../../../src/store-postgres/engine-error.ts';
import { WRITE_SESSIONS } from '../../../src/store-postgres/sessions.ts';
import { VALUES_BYTES_MAX, VALUES_MAX, Values } from '../../../src/store-postgres/values.ts';

function change(id: string, bytes = 10): StoreChange {
  const put = new Map([['state', new Uint8Array(bytes)]]);
  return { id, expectedVersion: 0, fence: 'f', wakeAt: undefined, put, remove: [] };
}

/** Statements wait until the test lets them go. */
class Engine implements QueuePorts {
  readonly waitMs: number = 60_000;
  readonly inFlight: { ids: string[]; sync: boolean; end(error?: EngineError): void }[] = [];
  /** Records as they stand, all with version 1. */
  readonly there = new Set<string>();
  settles = 0;
  now(): number {
    return performance.now();
  }
  async statement(changes: readonly StoreChange[], _: unknown, sync: boolean) {
    const written = new Map(changes.map(({ id }) => [id, Buffer.alloc(1)]));
    return { text: String(sync), values: [], written };
  }
  write({ text, written }: { text: string; written: ReadonlyMap<string, Buffer> }): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (error?: EngineError): void => (error ? reject(error) : resolve(true));
      this.inFlight.push({ ids: [...written.keys()], sync: text === 'true', end });
    });
  }
  async settle() {
    return { id: 'w', epoch: ++this.settles + 1 };
  }
  async standings(ids: readonly string[]) {
    const there = ids.filter((id) => this.there.has(id));
    return new Map(there.map((id) => [id, { version: 1, fence: 'f' }]));
  }
  written(): void {}
  revoked(): void {}
}

function open(): { engine: Engine; queue: CommitQueue } {
  const engine = new Engine();
  return { engine, queue: new CommitQueue(engine, { id: 'w', epoch: 1 }) };
}

async function turn(): Promise<void> {
  for (let n = 0; n < 3; n++) await new Promise((resolve) => setImmediate(resolve));
}

const lost = (): EngineError => new EngineError('lost', 'unknown', '', true);

/** As many statements in flight as may be. */
function fill(queue: CommitQueue): void {
  for (let one = 0; one < WRITE_SESSIONS; one++) {
    const changes = Array.from({ length: BESIDE_CHANGES_MIN }, (_, n) => change(`a/${one}-${n}`));
    // What waits as the test ends is given up later, and that is no fault.
    queue.push(changes, false).catch(() => {});
  }
}

describe('commits on their way to PostgreSQL', () => {
  it('are gathered while others are in flight, in statements within their bounds, of a record one at most', async () => {
    const { engine, queue } = open();
    fill(queue);
    await turn();
    expect(engine.inFlight.map(({ ids }) => ids.length)).toEqual(new Array(WRITE_SESSIONS).fill(BESIDE_CHANGES_MIN));
    for (let n = 0; n < STATEMENT_CHANGES_MAX + 1; n++) queue.push([change(`b/${n}`)], false).catch(() => {});
    queue.push([change('c/1', STATEMENT_BYTES_MAX / 2)], false).catch(() => {});
    queue.push([change('c/2', STATEMENT_BYTES_MAX / 2)], true).catch(() => {});
    queue.push([change('c/2')], false).catch(() => {});
    for (const { end } of engine.inFlight.splice(0)) end();
    await expect
      .poll(() => engine.inFlight.map(({ ids, sync }) => [ids.length, sync]))
      .toEqual([
        [STATEMENT_CHANGES_MAX, false],
        [2, false],
        [1, true],
        [1, false],
      ]);
  });

  it('wait for the statement in flight while they are few, and not for one that takes long', async () => {
    const { engine, queue } = open();
    for (let n = 0; n < 10; n++) queue.push([change(`a/${n}`)], false).catch(() => {});
    await turn();
    expect(engine.inFlight.map(({ ids }) => ids.length)).toEqual([1]);
    await expect.poll(() => engine.inFlight.map(({ ids }) => ids.length)).toEqual([1, 9]);
  });

  it('do not wait for it once they have many bytes', async () => {
    const { engine, queue } = open();
    queue.push([change('a/0')], false).catch(() => {});
    await turn();
    queue.push([change('a/1', BESIDE_BYTES_MIN - 10_000)], false).catch(() => {});
    expect(engine.inFlight.map(({ ids }) => ids)).toEqual([['a/0']]);
    queue.push([change('a/2', 10_000)], false).catch(() => {});
    await turn();
    expect(engine.inFlight.map(({ ids }) => ids)).toEqual([['a/0'], ['a/1', 'a/2']]);
  });

  it('are bounded by count and by bytes: one more is refused', async () => {
    const { queue } = open();
    const pushed: Promise<void>[] = [];
    fill(queue);
    const half = new Uint8Array(COMMITS_WAITING_BYTES_MAX / 2 - 1_000);
    for (const id of ['c/1', 'c/2'])
      pushed.push(queue.push([{ ...change(id), put: new Map([['state', half]]) }], true));
    await expect(queue.push([change('c/3', 2_000)], true)).rejects.toThrow(/wait for PostgreSQL; the limits are/);

    const { queue: other } = open();
    fill(other);
    for (let n = 0; n < COMMITS_WAITING_MAX; n++) pushed.push(other.push([change(`b/${n}`)], true));
    for (const one of pushed) one.catch(() => {});
    await expect(other.push([change('c/1')], true)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  it('whose answers are lost are settled before they are looked up, and only those go again that are not there', async () => {
    const { engine, queue } = open();
    const told: string[] = [];
    for (const id of ['a/1', 'a/2']) void queue.push([change(id)], true).then(() => told.push(id));
    await expect.poll(() => engine.inFlight.length).toBe(2);
    engine.there.add('a/2');
    for (const { end } of engine.inFlight.splice(0)) end(lost());
    expect(queue.settled()).toBeUndefined();
    await turn();
    expect(engine.settles).toBeGreaterThan(0);
    expect(told).toEqual(['a/2']);
    expect(queue.writer.epoch).toBe(engine.settles + 1);
    expect(engine.inFlight.map(({ ids }) => ids)).toEqual([['a/1']]);
    engine.inFlight[0]?.end();
    await turn();
    expect(told).toEqual(['a/2', 'a/1']);
    await queue.close();
  });

  it('begins no statement while an answer is unknown', async () => {
    const { engine, queue } = open();
    let settled: (writer: undefined) => void = () => {};
    engine.settle = () => new Promise((resolve) => (settled = resolve as unknown as typeof settled));
    const first = queue.push([change('a/1')], true);
    await turn();
    engine.inFlight.splice(0)[0]?.end(lost());
    await turn();
    const second = queue.push([change('a/2')], true);
    await turn();
    expect(engine.inFlight).toEqual([]);
    expect(queue.settled()).toBeInstanceOf(Promise);
    engine.revoked = () => queue.fail(Object.assign(new Error('gone'), { code: 'STORE_FAILED' }) as never);
    settled(undefined);
    await expect(first).rejects.toThrow('gone');
    await expect(second).rejects.toThrow('gone');
    await queue.close();
  });
});

describe('values of records', () => {
  it('are remembered within bounds of count and bytes, the latest, and for one version only', () => {
    const values = new Values();
    const small = Buffer.alloc(1);
    for (let n = 0; n < VALUES_MAX + 5; n++) values.set(`a/${n}`, 1, small);
    expect(values.size).toBe(VALUES_MAX);
    expect(values.get('a/4', 1)).toBeUndefined();
    expect(values.get('a/5', 1)).toBe(small);
    expect(values.get('a/5', 2)).toBeUndefined();
    const large = Buffer.alloc(VALUES_BYTES_MAX / 4);
    for (let n = 0; n < 5; n++) values.set(`b/${n}`, 1, large);
    expect(values.bytes).toBeLessThanOrEqual(VALUES_BYTES_MAX);
    expect(values.size).toBe(3);
    values.forget('b/4');
    expect(values.get('b/4', 1)).toBeUndefined();
  });
});

it(`tries a commit again ${CHECKS_MAX} times whose check fails and that nothing is wrong with, and then gives it up`, async () => {
  const { engine, queue } = open();
  let outcome: unknown;
  queue.push([change('a/1')], true).catch((error: unknown) => (outcome = error));
  let tries = 0;
  for (; outcome === undefined && tries < 2 * CHECKS_MAX; tries++) {
    await turn();
    engine.inFlight.shift()?.end(new EngineError('division by zero', 'not-applied', CHECK_FAILED, false));
    await turn();
  }
  expect(tries).toBe(CHECKS_MAX + 1);
  expect(outcome).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('others change the same') });
});
