import { MemoryDirectory, MemoryEngine } from '../../../src/directory/memory-directory.ts';
import type { Directory } from '../../../src/directory/directory.ts';
import { systemClock } from '../../../src/vocabulary/system-clock.ts';
import { expect, it } from 'vitest';
import { bytes, directoryConformance, readText, revisionOf } from './directory-conformance.ts';

const DEADLINE_MS = 150;

directoryConformance('memory', async () => {
  const engine = new MemoryEngine(systemClock());
  const opened: Directory[] = [];
  return {
    deadlineMs: DEADLINE_MS,
    open: async () => {
      const directory = new MemoryDirectory(engine, systemClock(), DEADLINE_MS);
      opened.push(directory);
      return directory;
    },
    stall: () => {
      engine.fateOf = () => 'late';
    },
    stallAnswers: () => {
      engine.fateOf = () => 'lost';
    },
    resume: () => {
      engine.fateOf = () => 'answered';
    },
    goAway: async () => {
      engine.isGone = true;
    },
    comeBack: async () => {
      engine.isGone = false;
    },
    end: async () => {
      await Promise.all(opened.map((directory) => directory.close()));
    },
  };
});

it('an engine in memory that is put back to a backup gives no revision twice', async () => {
  const engine = new MemoryEngine(systemClock());
  const directory = new MemoryDirectory(engine, systemClock(), DEADLINE_MS);
  const before = revisionOf(await directory.create('k', bytes('1')));
  const restore = engine.backup();
  const lost = revisionOf(await directory.update('k', bytes('2'), before));
  restore();
  expect(await readText(directory, 'k')).toBe('1');
  expect((await directory.update('k', bytes('3'), lost)).is).toBe('conflict');
  expect(revisionOf(await directory.update('k', bytes('3'), before))).not.toBe(lost);
});
