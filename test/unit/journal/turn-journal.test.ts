/** What a process has noted of its suspect turns, as others read it once it is dead. */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JOURNAL_BYTES_MAX } from '../../../src/journal/dead-journals.ts';
import { FileJournal, REWRITE_BYTES } from '../../../src/journal/file-journal.ts';
import { JOURNALS_BYTES_MAX, JOURNALS_KEPT_MAX, JournalFolder } from '../../../src/journal/journal-folder.ts';
import { NOTES_BYTES_MAX, NOTES_MAX } from '../../../src/journal/journal-page.ts';
import { MemoryJournals } from '../../../src/journal/memory-journal.ts';
import { NOTE_KEPT_MS, type TurnJournal } from '../../../src/journal/turn-journal.ts';
import { KeptLog } from '../actor/kernel-fixture.ts';

const NOW = 1_800_000_000_000;

/** Processes `~<n>.1@5` that share a dataDir. */
interface Machine {
  open(n: number): TurnJournal;
  /** SIGKILL, and everybody knows. */
  kill(n: number): void;
  /** Everything begins anew. */
  startAgain(): void;
}

let dataDir: string;
let folder: JournalFolder;
let log: KeptLog;
const opened: FileJournal[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'troupe-journal-'));
  log = new KeptLog();
  folder = new JournalFolder(dataDir, log);
  folder.takeOver();
});
afterEach(() => {
  for (const journal of opened.splice(0)) journal.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const nameOf = (n: number): string => `~${n}.1@5`;
const pathOf = (n: number, suffix = ''): string => join(folder.path, nameOf(n) + suffix);

function openFile(n: number): FileJournal {
  const journal = new FileJournal({ folder: folder.path, process: nameOf(n), log });
  opened.push(journal);
  return journal;
}

const files = (): Machine => ({
  open: openFile,
  kill: (n) => folder.died(nameOf(n)),
  startAgain: () => folder.takeOver(),
});

function memory(): Machine {
  const journals = new MemoryJournals();
  return {
    open: (n) => journals.open(nameOf(n)),
    kill: (n) => journals.died(nameOf(n)),
    startAgain: () => journals.takeOver(),
  };
}

/** By trial: those in the turn, and those before its commit. */
function deathsIn(journal: TurnJournal, id = 'job/a', now = NOW): Record<string, string> {
  journal.look();
  return Object.fromEntries(
    [...journal.deathsOf(id, now)].map(([trial, { inTurn, beforeCommit }]) => [trial, `${inTurn}+${beforeCommit}`]),
  );
}

describe.each([
  ['in files', files],
  ['in memory', memory],
])('a journal of turns, %s', (_where, build) => {
  it('counts a death in the turn, and one before its commit for less; none before it began or once it is gone', () => {
    const machine = build();
    const [dying, reader] = [machine.open(1), machine.open(2)];
    for (const trial of ['over', 'gone', 'paused']) dying.begun('job/a', trial, NOW);
    dying.begun('job/b', 'other', NOW);
    dying.over('job/a', 'over');
    dying.over('job/a', 'gone');
    dying.gone('job/a', 'gone');
    dying.gone('job/a', 'paused');
    dying.begun('job/a', 'in', NOW);
    expect(deathsIn(reader)).toEqual({});
    machine.kill(1);
    expect(deathsIn(reader)).toEqual({ in: '1+0', over: '0+1' });
    expect(deathsIn(reader, 'job/b')).toEqual({ other: '1+0' });
    expect(reader.deathsOf('job/a', NOW).get('in')?.at).toBe(NOW);
  });

  it('adds up the deaths of several processes, with everything started again between them', () => {
    const machine = build();
    for (let n = 1; n <= 3; n++) {
      machine.open(n).begun('job/a', 't', NOW + n);
      if (n === 2) machine.startAgain();
      else machine.kill(n);
    }
    const reader = machine.open(4);
    expect(deathsIn(reader)).toEqual({ t: '3+0' });
    expect(reader.deathsOf('job/a', NOW).get('t')?.at).toBe(NOW + 3);
  });

  it('counts nothing of a process that ends in order, whatever it had under way', () => {
    const machine = build();
    const [ending, reader] = [machine.open(1), machine.open(2)];
    ending.begun('job/a', 't', NOW);
    ending.close();
    ending.begun('job/a', 'u', NOW);
    machine.kill(1);
    machine.startAgain();
    expect(deathsIn(reader)).toEqual({});
  });

  it('forgets what is forgiven, for all who look from then on, and nothing else of the dead', () => {
    const machine = build();
    const [one, two, reader, other] = [1, 2, 3, 4].map((n) => machine.open(n)) as [
      TurnJournal,
      TurnJournal,
      TurnJournal,
      TurnJournal,
    ];
    for (const dying of [one, two]) {
      dying.begun('job/a', 'start', NOW);
      dying.begun('job/a', 't', NOW);
      dying.begun('job/b', 'start', NOW);
    }
    machine.kill(1);
    machine.kill(2);
    expect(deathsIn(other)).toEqual({ start: '2+0', t: '2+0' });
    reader.look();
    reader.forgive('job/a', 'start');
    expect(deathsIn(reader)).toEqual({ t: '2+0' });
    expect(deathsIn(other)).toEqual({ t: '2+0' });
    expect(deathsIn(other, 'job/b')).toEqual({ start: '2+0' });
    machine.startAgain();
    expect(deathsIn(machine.open(5))).toEqual({ t: '2+0' });
  });

  it('counts no note that is older than a repeat of a message would be recognised', () => {
    const machine = build();
    machine.open(1).begun('job/a', 't', NOW);
    machine.kill(1);
    const reader = machine.open(2);
    expect(deathsIn(reader, 'job/a', NOW + NOTE_KEPT_MS - 1)).toEqual({ t: '1+0' });
    expect(deathsIn(reader, 'job/a', NOW + NOTE_KEPT_MS)).toEqual({});
  });

  it(`has the newest ${NOTES_MAX} notes at most`, () => {
    const machine = build();
    const dying = machine.open(1);
    for (let n = 0; n <= NOTES_MAX; n++) dying.begun('job/a', `${n}`, NOW);
    machine.kill(1);
    const deaths = deathsIn(machine.open(2));
    expect(Object.keys(deaths)).toHaveLength(NOTES_MAX);
    expect(deaths).not.toHaveProperty('0');
    expect(deaths).toHaveProperty(`${NOTES_MAX}`);
  });

  it('has the newest notes that fit into its bytes', () => {
    const machine = build();
    const dying = machine.open(1);
    const long = 'x'.repeat(NOTES_BYTES_MAX / 4);
    for (let n = 0; n < 5; n++) dying.begun('job/a', `${n}${long}`, NOW);
    machine.kill(1);
    expect(Object.keys(deathsIn(machine.open(2))).map((trial) => trial[0])).toEqual(['2', '3', '4']);
  });
});

describe('the file of a journal', () => {
  it('is there once something was noted, for its user alone, and empty once nothing is', () => {
    const journal = openFile(1);
    expect(readdirSync(folder.path)).toEqual([]);
    journal.begun('job/a', 't', NOW);
    journal.begun('job/b', 't', NOW);
    expect(statSync(folder.path).mode & 0o777).toBe(0o700);
    expect(statSync(pathOf(1)).mode & 0o777).toBe(0o600);
    journal.over('job/a', 't');
    journal.gone('job/a', 't');
    expect(statSync(pathOf(1)).size).toBeGreaterThan(0);
    journal.gone('job/b', 't');
    expect(statSync(pathOf(1)).size).toBe(0);
    journal.begun('job/a', 'u', NOW);
    expect(JSON.parse(readFileSync(pathOf(1), 'utf8'))).toEqual(['begun', 'job/a', 'u', NOW]);
  });

  it('goes with its process where it is empty, and stays where it tells something', () => {
    const [empty, full] = [openFile(1), openFile(2)];
    for (const journal of [empty, full]) journal.begun('job/a', 't', NOW);
    empty.gone('job/a', 't');
    folder.died(nameOf(1));
    folder.died(nameOf(2));
    folder.died(nameOf(3));
    expect(readdirSync(folder.path)).toEqual([`${nameOf(2)}.dead`]);
    expect(log.lines).toEqual([]);
  });

  it('with a torn end is read up to there, also where somebody has forgiven behind it', () => {
    const dying = openFile(1);
    dying.begun('job/a', 't', NOW);
    dying.begun('job/a', 'start', NOW);
    appendFileSync(pathOf(1), '["begun","job/a","to');
    folder.died(nameOf(1));
    const reader = openFile(2);
    expect(deathsIn(reader)).toEqual({ t: '1+0', start: '1+0' });
    reader.forgive('job/a', 'start');
    expect(deathsIn(openFile(3))).toEqual({ t: '1+0' });
    expect(log.lines).toEqual([]);
  });

  it.each([
    ['a line that is none', '["begun","job/a"]\n["over","job/a","t"]\n'],
    ['no lines at all', '\u0000\u0001\u0002\n\u0003\n'],
    ['a torn line in its middle', '["beg\n["begun","job/a","u",1]\n'],
    ['more bytes than any has', `${'\n'.repeat(JOURNAL_BYTES_MAX)}\n`],
  ])('that is damaged counts nothing, and that is said once: %s', (_what, text) => {
    for (const n of [1, 2]) {
      openFile(n).begun('job/a', 't', NOW);
      appendFileSync(pathOf(n), text);
      folder.died(nameOf(n));
    }
    openFile(3).begun('job/a', 't', NOW);
    folder.died(nameOf(3));
    const reader = openFile(4);
    expect(deathsIn(reader)).toEqual({ t: '1+0' });
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('is written anew where it is large and tells of what is gone; nothing is lost by that', () => {
    const journal = openFile(1);
    journal.begun('job/a', 'stays', NOW);
    journal.begun('job/a', 'over', NOW);
    journal.over('job/a', 'over');
    let largest = 0;
    for (let written = 0, n = 0; written < REWRITE_BYTES * 3; n++) {
      const before = statSync(pathOf(1)).size;
      journal.begun('job/b', `${n}${'x'.repeat(1_000)}`, NOW);
      journal.gone('job/b', `${n}${'x'.repeat(1_000)}`);
      largest = Math.max(largest, before);
      written += 2_000;
    }
    expect(largest).toBeLessThan(REWRITE_BYTES + 4_000);
    expect(statSync(pathOf(1)).mode & 0o777).toBe(0o600);
    journal.begun('job/a', 'last', NOW);
    folder.died(nameOf(1));
    expect(deathsIn(openFile(2))).toEqual({ stays: '1+0', over: '0+1', last: '1+0' });
    expect(readdirSync(folder.path)).toEqual([`${nameOf(1)}.dead`]);
  });

  it('says what the process has done to itself, should code that a handler left behind end it', () => {
    const journal = openFile(1);
    const before = process.listeners('exit');
    journal.begun('job/a', 't', NOW);
    journal.over('job/a', 't');
    const [exited] = process.listeners('exit').filter((listener) => !before.includes(listener));
    exited?.call(process, 1);
    folder.died(nameOf(1));
    expect(deathsIn(openFile(2))).toEqual({ t: '1+0' });
  });

  it('does not, where something else ends the process', () => {
    const journal = new FileJournal({ folder: folder.path, process: nameOf(1), log, endsItself: () => false });
    opened.push(journal);
    const before = process.listeners('exit');
    journal.begun('job/a', 't', NOW);
    journal.over('job/a', 't');
    const [exited] = process.listeners('exit').filter((listener) => !before.includes(listener));
    exited?.call(process, 1);
    folder.died(nameOf(1));
    expect(deathsIn(openFile(2))).toEqual({ t: '0+1' });
  });

  it('that cannot be written or read ends nothing, and that is said once', () => {
    rmSync(folder.path, { recursive: true });
    const journal = openFile(1);
    for (const trial of ['t', 'u']) journal.begun('job/a', trial, NOW);
    journal.over('job/a', 't');
    journal.gone('job/a', 't');
    journal.look();
    journal.forgive('job/a', 't');
    expect(journal.deathsOf('job/a', NOW).size).toBe(0);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
    folder.died(nameOf(1));
  });
});

describe('the folder of journals', () => {
  const bury = (n: number, bytes = 100, agoMs = 0): void => {
    const path = join(folder.path, `${nameOf(n)}.dead`);
    writeFileSync(path, `${JSON.stringify(['begun', 'job/a', `${n}`, Date.now()])}\n${'\n'.repeat(bytes)}`);
    const at = (Date.now() - agoMs) / 1_000;
    utimesSync(path, at, at);
  };
  const kept = (): number[] =>
    readdirSync(folder.path)
      .map((name) => Number(/^~(\d+)/.exec(name)?.[1]))
      .sort((a, b) => a - b);

  it(`keeps the newest ${JOURNALS_KEPT_MAX} of the dead`, () => {
    for (let n = 1; n <= JOURNALS_KEPT_MAX + 3; n++) bury(n, 10, 100_000 - n * 10);
    folder.takeOver();
    expect(kept()).toHaveLength(JOURNALS_KEPT_MAX);
    expect(kept()[0]).toBe(4);
    openFile(900).begun('job/a', 't', NOW);
    folder.died(nameOf(900));
    expect(kept()[0]).toBe(5);
  });

  it('keeps the newest that fit into their bytes', () => {
    for (let n = 1; n <= 5; n++) bury(n, JOURNALS_BYTES_MAX / 4, 100_000 - n * 10);
    folder.takeOver();
    expect(kept()).toEqual([3, 4, 5]);
  });

  it('keeps none that is too old to count', () => {
    bury(1, 10, NOTE_KEPT_MS + 1_000);
    bury(2, 10, NOTE_KEPT_MS - 60_000);
    folder.takeOver();
    expect(kept()).toEqual([2]);
  });

  it('takes what is left of an earlier system for dead, and touches nothing else', () => {
    openFile(1).begun('job/a', 't', NOW);
    writeFileSync(pathOf(1, '.next'), 'half');
    writeFileSync(join(folder.path, 'notes.txt'), '');
    mkdirSync(join(folder.path, 'other'));
    folder.takeOver();
    expect(readdirSync(folder.path).sort()).toEqual(['notes.txt', 'other', `${nameOf(1)}.dead`]);
    expect(deathsIn(openFile(2))).toEqual({ t: '1+0' });
  });
});
