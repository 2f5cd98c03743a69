/** The promises of the port, on whatever engine. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KEY_LENGTH_MAX, VALUE_BYTES_MAX } from '../../../src/directory/directory.ts';
import type { Directory, Entry, WriteAnswer } from '../../../src/directory/directory.ts';

/** An engine, and what a test may do to it. */
export interface Ground {
  /** Another machine's directory on the same engine. */
  open(): Promise<Directory>;
  /** Requests and answers are held up. */
  stall(): void;
  /** Answers are held up, requests go through. */
  stallAnswers(): void;
  resume(): void;
  /** Nobody is there. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  /** So long may it take until a write is told to be unknown. */
  readonly deadlineMs: number;
  end(): Promise<void>;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

export function revisionOf(answer: WriteAnswer): string {
  if (answer.is !== 'done') throw new Error(`the write is made; got ${answer.is}`);
  return answer.revision;
}

/** On a busy machine a read may miss the short deadlines of these tests. */
export async function readText(directory: Directory, key: string): Promise<string | undefined> {
  const late = Date.now() + 10_000;
  for (;;) {
    const entry = await directory.readLinearizable(key);
    if (entry !== 'unavailable') return entry && text(entry.value);
    if (Date.now() > late) throw new Error('the directory is read; got unavailable');
  }
}

/** A watch that notes in words what it is told. */
export function noted(directory: Directory, prefix: string): { told: string[]; entries: Entry[]; close(): void } {
  const told: string[] = [];
  const entries: Entry[] = [];
  const watch = directory.watch(prefix, {
    changed: (entry) => {
      entries.push(entry);
      told.push(`${entry.key}=${text(entry.value)}`);
    },
    removed: (key) => told.push(`${key} removed`),
    synced: () => told.push('synced'),
    gap: () => told.push('gap'),
  });
  return { told, entries, close: () => watch.close() };
}

export async function until(isSo: () => boolean | Promise<boolean>, what: string, ms = 10_000): Promise<void> {
  const late = Date.now() + ms;
  while (!(await isSo())) {
    if (Date.now() > late) throw new Error(`within ${ms} ms: ${what}`);
    await delay(10);
  }
}

export function directoryConformance(name: string, makeGround: () => Promise<Ground>): void {
  describe(`a directory in ${name}`, () => {
    let ground: Ground;
    let directory: Directory;

    beforeEach(async () => {
      ground = await makeGround();
      directory = await ground.open();
    }, 60_000);
    afterEach(() => ground.end());

    it('creates where nothing is, updates and removes where the revision is as expected, and nothing else', async () => {
      const first = revisionOf(await directory.create('a/1', bytes('one')));
      expect((await directory.create('a/1', bytes('two'))).is).toBe('conflict');
      const second = revisionOf(await directory.update('a/1', bytes('two'), first));
      expect(second).not.toBe(first);
      expect((await directory.update('a/1', bytes('three'), first)).is).toBe('conflict');
      expect((await directory.remove('a/1', first)).is).toBe('conflict');
      expect(await readText(directory, 'a/1')).toBe('two');
      expect((await directory.remove('a/1', second)).is).toBe('done');
      expect(await directory.readLinearizable('a/1')).toBeUndefined();
      expect((await directory.update('a/1', bytes('four'), second)).is).toBe('conflict');
      const third = revisionOf(await directory.create('a/1', bytes('five')));
      expect([first, second]).not.toContain(third);
    });

    it('keeps any bytes', async () => {
      const all = Uint8Array.from({ length: 256 }, (_, at) => at);
      await directory.create('bytes', all.subarray(3));
      await directory.create('none', new Uint8Array());
      const kept = await directory.readLinearizable('bytes');
      expect(kept !== 'unavailable' && [...(kept?.value ?? [])]).toEqual([...all.subarray(3)]);
      const none = await directory.readLinearizable('none');
      expect(none !== 'unavailable' && none?.value.byteLength).toBe(0);
    });

    it('refuses keys and values beyond their bounds at once', () => {
      expect(() => directory.create('with space', bytes(''))).toThrow('got with space');
      expect(() => directory.create('k'.repeat(KEY_LENGTH_MAX + 1), bytes(''))).toThrow(`at most ${KEY_LENGTH_MAX}`);
      expect(() => directory.update('k', new Uint8Array(VALUE_BYTES_MAX + 1), 'r')).toThrow(
        `got ${VALUE_BYTES_MAX + 1}`,
      );
    });

    it('lets one of many win, again and again', async () => {
      const all = await Promise.all(Array.from({ length: 8 }, () => ground.open()));
      const created = await Promise.all(all.map((one, at) => one.create('race', bytes(String(at)))));
      expect(created.filter(({ is }) => is === 'done')).toHaveLength(1);
      expect(created.filter(({ is }) => is === 'conflict')).toHaveLength(7);
      await directory.create('count', bytes('0'));
      let made = 0;
      const counting = all.map(async (one) => {
        for (let tries = 0; tries < 12; tries++) {
          const entry = await one.readLinearizable('count');
          if (entry === 'unavailable' || !entry) throw new Error('the count is read');
          const answer = await one.update('count', bytes(String(Number(text(entry.value)) + 1)), entry.revision);
          if (answer.is === 'done') made++;
        }
      });
      await Promise.all(counting);
      expect(made).toBeGreaterThanOrEqual(12);
      expect(await readText(directory, 'count')).toBe(String(made));
    });

    it('reads what another machine was told to have written', async () => {
      const other = await ground.open();
      let revision = revisionOf(await directory.create('k', bytes('0')));
      for (let at = 1; at <= 20; at++) {
        revision = revisionOf(await directory.update('k', bytes(String(at)), revision));
        expect(await readText(other, 'k')).toBe(String(at));
      }
    });

    it('tells a watch what is there, then synced, then what changes, of its prefix only', async () => {
      const one = revisionOf(await directory.create('m_/1', bytes('one')));
      await directory.create('mx/1', bytes('other'));
      const { told } = noted(await ground.open(), 'm_/');
      await until(() => told.includes('synced'), 'the watch is synced');
      expect(told).toEqual(['m_/1=one', 'synced']);
      await directory.create('m_/2', bytes('two'));
      await until(() => told.length === 3, 'the new entry is told');
      await directory.remove('m_/1', one);
      await until(() => told.length === 4, 'the removal is told');
      expect(told.slice(2)).toEqual(['m_/2=two', 'm_/1 removed']);
    });

    it('says synced, or gap, after each look that a watch is asked for', async () => {
      let words: string[] = [];
      const note = {
        changed: () => {},
        removed: () => {},
        synced: () => words.push('synced'),
        gap: () => words.push('gap'),
      };
      const watch = (await ground.open()).watch('k', note);
      await until(() => words.length === 1, 'the watch is synced');
      watch.look();
      await until(() => words.length === 2, 'the look is over');
      expect(words).toEqual(['synced', 'synced']);
      await ground.goAway();
      await until(() => words.includes('gap'), 'the gap is told', 30_000);
      words = [];
      watch.look();
      await until(() => words.length === 1, 'the look failed', 30_000);
      expect(words).toEqual(['gap']);
    }, 60_000);

    it('may leave changes of a key out of a watch, but never tells an older one behind a newer', async () => {
      const { entries, close } = noted(await ground.open(), 'n');
      let revision = revisionOf(await directory.create('n', bytes('0')));
      for (let at = 1; at <= 60; at++) {
        revision = revisionOf(await directory.update('n', bytes(String(at)), revision));
        if (at % 10 === 0) await delay(60);
      }
      await until(() => text(entries.at(-1)?.value) === '60', 'the last one is told');
      close();
      const values = entries.map(({ value }) => Number(text(value)));
      expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    });

    it('tells a watch of a gap, and what it missed, then synced', async () => {
      let revision = revisionOf(await directory.create('g/1', bytes('before')));
      const { told } = noted(await ground.open(), 'g/');
      await until(() => told.includes('synced'), 'the watch is synced');
      await ground.goAway();
      await until(() => told.includes('gap'), 'the gap is told', 30_000);
      expect((await directory.update('g/1', bytes('meanwhile'), revision)).is).not.toBe('done');
      await ground.comeBack();
      await until(
        async () => {
          const entry = await directory.readLinearizable('g/1');
          if (entry === 'unavailable' || !entry) return false;
          revision = entry.revision;
          return true;
        },
        'the engine is back',
        30_000,
      );
      await until(async () => (await directory.update('g/1', bytes('after'), revision)).is === 'done', 'it is written');
      await until(() => told.includes('g/1=after'), 'the change is told', 30_000);
      expect(told.filter((word) => word === 'gap')).toHaveLength(1);
      expect(told.indexOf('gap')).toBeLessThan(told.lastIndexOf('synced'));
    }, 60_000);

    it('says unknown of a write without an answer, in time; another write on its revision decides', async () => {
      for (const hold of ['stall', 'stallAnswers'] as const) {
        const key = `u/${hold}`;
        const revision = revisionOf(await directory.create(key, bytes('old')));
        ground[hold]();
        const began = Date.now();
        expect(await directory.update(key, bytes('first'), revision)).toEqual({ is: 'unknown' });
        expect(Date.now() - began).toBeLessThan(ground.deadlineMs + 2_000);
        ground.resume();
        let second = { is: 'unavailable' } as WriteAnswer;
        await until(async () => {
          second = await directory.update(key, bytes('second'), revision);
          return second.is === 'done' || second.is === 'conflict';
        }, 'the second write is decided');
        const decided = second.is === 'done' ? 'second' : 'first';
        for (let looks = 0; looks < 20; looks++) {
          expect(await readText(directory, key)).toBe(decided);
          await delay(20);
        }
        if (hold === 'stallAnswers') expect(decided).toBe('first');
      }
    }, 60_000);

    it('says unavailable, and never unknown, of what it could not send', async () => {
      const revision = revisionOf(await directory.create('k', bytes('old')));
      await ground.goAway();
      // The first may meet a session that ends with it.
      await directory.update('k', bytes('new'), revision);
      expect(await directory.update('k', bytes('new'), revision)).toEqual({ is: 'unavailable' });
      expect(await directory.readLinearizable('k')).toBe('unavailable');
    }, 60_000);
  });
}
