/** What a screen shows is bounded, however much there is to see. */
import { expect, test } from 'vitest';
import type { LettersAnswer } from '../../../src/dashboard/answers.ts';
import type { Ground } from '../../../src/dashboard/ground.ts';
import { LETTERS_SHOWN_MAX } from '../../../src/dashboard/letters.ts';
import { SCREENS } from '../../../src/dashboard/screens.ts';
import { PARENTS_LISTED_MAX } from '../../../src/dashboard/tree.ts';
import { CLIENT_RIGHTS, Rights } from '../../../src/gateway/rights.ts';
import { Redaction } from '../../../src/inspection/redaction.ts';

function look(name: string, system: object): Promise<unknown> {
  const rights = new Rights('test', CLIENT_RIGHTS, ['*']);
  const ground = { system, rights, redaction: new Redaction(undefined) } as unknown as Ground;
  return SCREENS[name]?.look(ground, new URLSearchParams()) ?? Promise.reject(new Error(`no screen ${name}`));
}

test('of dead letters the newest in memory and the first on disk are shown, and where those go on', async () => {
  const letter = (n: number): object => ({
    id: `l${n}`,
    to: 'mail/a',
    reason: 'ACTOR_STOPPED',
    at: n,
    message: { type: 'a', n },
  });
  const letters = Array.from({ length: 2 * LETTERS_SHOWN_MAX }, (_, n) => letter(n));
  const deadLetters = { inMemory: async () => letters, list: async () => letters };
  const system = { deadLetters, metrics: async () => ({ deadLetters: letters.length, deadLettersBy: {} }) };
  const answer = (await look('dead-letters', system)) as LettersAnswer;
  expect(answer.total).toBe(letters.length);
  expect(answer.inMemory.map(({ at }) => at)).toEqual(
    Array.from({ length: LETTERS_SHOWN_MAX }, (_, n) => letters.length - 1 - n),
  );
  expect(answer.stored.map(({ id }) => id)).toEqual(Array.from({ length: LETTERS_SHOWN_MAX }, (_, n) => `l${n}`));
  expect(answer.next).toBe(`l${LETTERS_SHOWN_MAX - 1}`);
});

test('for the roots of the tree so many actors with children are asked for, and that there are more is said', async () => {
  const asked: unknown[] = [];
  const actor = (id: string, parent?: string): object => ({
    id,
    parent,
    status: 'idle',
    worker: 1,
    restarts: 0,
    children: 2,
  });
  const list = async (options: object): Promise<object> => {
    asked.push(options);
    return { actors: [actor('room/a'), actor('room/b', 'room/a')], next: 'room/b', silent: [] };
  };
  const answer = await look('tree', { list });
  expect(asked).toMatchObject([{ sort: 'children', limit: PARENTS_LISTED_MAX }]);
  expect(answer).toMatchObject({ nodes: [{ id: 'room/a' }], hasMore: true });
});
