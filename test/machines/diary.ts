/** What volatile actors wrote as they handled messages, in the order in which they did, whatever became of their machines. */

const SHOWN = 5;

export interface DiaryFindings {
  readonly breaches: string[];
  /** Messages of one sender, in any of its lives, that were handled behind a later one. */
  readonly swapped: string[];
}

/**
 * Lines `note ID FENCE FROM N PID TIME` and `add ID FENCE ATTEMPT 0 PID TIME`; `fates`: what the asker of each attempt was told. `FROM`: a process, or `ID@FENCE`, an actor
 * in the life of that fence.
 */
export function judgeDiary(lines: readonly string[], fates: ReadonlyMap<string, string>): DiaryFindings {
  const found = new Map<string, string[]>();
  const breach = (what: string, line: string): void => void found.set(what, [...(found.get(what) ?? []), line]);
  const swapped: string[] = [];
  const epochs = new Map<string, string>();
  const lasts = new Map<string, Said>();
  const added = new Set<string>();
  const caught = turnsCaught(lines);
  for (const line of lines) {
    const [what, id = '', fence = '', from = '', number] = line.split(' ');
    const epoch = fence.slice(0, 11);
    const newest = epochs.get(id) ?? '';
    if (epoch < newest) {
      if (caught.has(line)) continue;
      breach(`a turn by an older owner than ${newest}`, line);
    } else epochs.set(id, epoch);
    if (what === 'add') {
      if (added.has(from)) breach('an ask that was handled twice', line);
      added.add(from);
      if (fates.get(from) === 'not-executed') breach('an ask that was "not-executed" was handled', line);
      continue;
    }
    const said = saidBy(from, Number(number));
    const key = `${id} ${said.who}`;
    const last = lasts.get(key);
    const isBehind = last ? compare(said, last) : 1;
    if (isBehind === 0) breach('a message that was handled twice', line);
    if (last && isBehind < 0) swapped.push(`${line} behind ${last.n}${last.life && ` of ${last.life}`}`);
    if (isBehind > 0) lasts.set(key, said);
  }
  for (const [attempt, fate] of fates)
    if (fate === 'replied' && !added.has(attempt)) breach('an ask with a reply that was never handled', attempt);
  const breaches = [...found].flatMap(([what, some]) =>
    some.slice(0, SHOWN).map((line) => `${what}: ${line} (${some.length} in all)`),
  );
  return { breaches, swapped };
}

/** Milliseconds in which a process that goes on may end one turn. */
const CAUGHT_MS = 1_000;

/**
 * Turns in which their process was stopped, for longer than its lease: it was there when the turn began, and ends it as it goes on, before it looks
 * at a clock again. One a process each time it is stopped; of a second one the clock was looked at. What such a turn does to the outside only its fence keeps back.
 */
function turnsCaught(lines: readonly string[]): Set<string> {
  const newest = new Map<string, string>();
  const old = new Map<string, string[]>();
  for (const line of lines) {
    const [, id = '', fence = '', , , pid = ''] = line.split(' ');
    const epoch = fence.slice(0, 11);
    if (epoch < (newest.get(id) ?? '')) old.set(pid, [...(old.get(pid) ?? []), line]);
    else newest.set(id, epoch);
  }
  const timeOf = (line: string): number => Number(line.split(' ')[6]);
  const isAlone = (line: string, all: readonly string[]): boolean =>
    all.every((other) => other === line || Math.abs(timeOf(other) - timeOf(line)) > CAUGHT_MS);
  return new Set([...old.values()].flatMap((all) => all.filter((line) => isAlone(line, all))));
}

/** A message by its sender, the sender's life, and its number in that. */
interface Said {
  readonly who: string;
  readonly life: string;
  readonly n: number;
}

/** Processes are named anew with each start; the lives of an actor are in the order of its fences. */
function saidBy(from: string, n: number): Said {
  const at = from.lastIndexOf('@');
  if (at < 0 || !from.includes('/')) return { who: from, life: '', n };
  return { who: from.slice(0, at), life: from.slice(at + 1), n };
}

function compare(one: Said, other: Said): number {
  if (one.life !== other.life) return one.life < other.life ? -1 : 1;
  return one.n - other.n;
}
