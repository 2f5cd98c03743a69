/** What volatile actors wrote as they handled messages, in the order in which they did, whatever became of their machines. */

const SHOWN = 5;

export interface DiaryFindings {
  readonly breaches: string[];
  /** Messages of one sender that were handled behind a later one. */
  readonly swapped: string[];
}

/** Lines `note ID FENCE FROM N PID` and `add ID FENCE ATTEMPT 0 PID`; `fates`: what the asker of each attempt was told. */
export function judgeDiary(lines: readonly string[], fates: ReadonlyMap<string, string>): DiaryFindings {
  const found = new Map<string, string[]>();
  const breach = (what: string, line: string): void => void found.set(what, [...(found.get(what) ?? []), line]);
  const swapped: string[] = [];
  const epochs = new Map<string, string>();
  const lasts = new Map<string, number>();
  const added = new Set<string>();
  for (const line of lines) {
    const [what, id = '', fence = '', from = '', number] = line.split(' ');
    const epoch = fence.slice(0, 11);
    const newest = epochs.get(id) ?? '';
    if (epoch < newest) breach(`a turn by an older owner than ${newest}`, line);
    else epochs.set(id, epoch);
    if (what === 'add') {
      if (added.has(from)) breach('an ask that was handled twice', line);
      added.add(from);
      if (fates.get(from) === 'not-executed') breach('an ask that was "not-executed" was handled', line);
      continue;
    }
    const key = `${id} ${from}`;
    const last = lasts.get(key) ?? 0;
    if (Number(number) === last) breach('a message that was handled twice', line);
    if (Number(number) < last) swapped.push(`${line} behind ${last}`);
    lasts.set(key, Math.max(last, Number(number)));
  }
  for (const [attempt, fate] of fates)
    if (fate === 'replied' && !added.has(attempt)) breach('an ask with a reply that was never handled', attempt);
  const breaches = [...found].flatMap(([what, some]) =>
    some.slice(0, SHOWN).map((line) => `${what}: ${line} (${some.length} in all)`),
  );
  return { breaches, swapped };
}
