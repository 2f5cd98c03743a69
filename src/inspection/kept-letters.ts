/** The dead letters in the memory of a process, for those who look at a whole system; and those of all processes, in the order of time. */
import type { Kernel } from '../actor/kernel.ts';
import {
  type KeptLetter,
  LETTERS_TOLD_LENGTH_MAX,
  LETTERS_TOLD_MAX,
  type LettersOfProcess,
} from '../observe/kept-letter.ts';
import { inspect } from '../plain-data/inspect.ts';
import { shown } from './shown.ts';

/** The newest that are not on disk, the oldest of them first. */
export function keptLettersOf({ worker, deadLetters }: Kernel): LettersOfProcess {
  const newest = deadLetters.keptHere().slice(-LETTERS_TOLD_MAX).reverse();
  const letters: KeptLetter[] = [];
  let length = 0;
  for (const { to, sender, reason, at, message } of newest) {
    const { value } = shown(message);
    letters.push({ worker, to, sender, reason, at, message: value, preview: inspect(message) });
    length += JSON.stringify(value)?.length ?? 0;
    if (length >= LETTERS_TOLD_LENGTH_MAX) break;
  }
  return { worker, letters: letters.reverse() };
}

export function mergeLetters(answers: readonly LettersOfProcess[]): KeptLetter[] {
  return answers.flatMap(({ letters }) => letters).sort((one, other) => one.at - other.at);
}
