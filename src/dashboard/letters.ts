/** Dead letters as the page lists them, and what is done with many at once. */
import { typeOf } from '../gateway/event-tail.ts';
import { shown } from '../inspection/shown.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import type { DeadLetterContent } from '../commit/stored-dead-letters.ts';
import type { BulkAnswer, LetterAnswer, LettersAnswer } from './answers.ts';
import { callOf, type Ground } from './ground.ts';

/** Letters in memory, and on disk, in one answer. */
export const LETTERS_SHOWN_MAX = 100;
/** Letters that are sent again or discarded by one request. */
export const LETTERS_CHANGED_MAX = 100;

export async function lettersOf(ground: Ground, params: URLSearchParams): Promise<LettersAnswer> {
  const { system } = ground;
  const after = params.get('after') || undefined;
  const { deadLetters, deadLettersBy } = await callOf<SystemMetrics>(ground, 'metrics');
  const stored = await system.deadLetters.list(after);
  const first = stored.slice(0, LETTERS_SHOWN_MAX);
  const inMemory = (await system.deadLetters.inMemory()).slice(-LETTERS_SHOWN_MAX).reverse();
  return {
    ...{ total: deadLetters, byReason: deadLettersBy },
    inMemory: inMemory.map((letter) => letterOf(ground, { worker: letter.worker }, letter)),
    stored: first.map((letter) => letterOf(ground, { id: letter.id }, letter)),
    next: stored.length > first.length ? first.at(-1)?.id : undefined,
  };
}

type Place = Pick<LetterAnswer, 'id' | 'worker'>;

function letterOf({ redaction }: Ground, place: Place, letter: DeadLetterContent): LetterAnswer {
  const { to, sender, reason, at, message } = letter;
  return { ...place, to, sender, reason, at, type: typeOf(message), message: redaction.of(to, shown(message).value) };
}

/** One after the other; one that fails does not keep the others back. Throws INVALID_OPTIONS. */
export async function changeLetters(ground: Ground, act: 'resend' | 'discard', ids: unknown): Promise<BulkAnswer> {
  if (!Array.isArray(ids) || ids.length > LETTERS_CHANGED_MAX || !ids.every((id) => typeof id === 'string'))
    throw new TroupeError('INVALID_OPTIONS', `ids: expected at most ${LETTERS_CHANGED_MAX} ids of dead letters`);
  let done = 0;
  let gone = 0;
  const failed: { id: string; error: string }[] = [];
  for (const id of ids as string[]) {
    try {
      if (await callOf<boolean>(ground, act, id)) done++;
      else gone++;
    } catch (error) {
      failed.push({ id, error: asError(error).message });
    }
  }
  return { done, gone, failed };
}
