/** Statements at once: those that read do not take the sessions of those that write, and one more than there are waits for its turn. */
import { afterEach, expect, test, vi } from 'vitest';
import { Connection, type Row } from '../../../src/store-postgres/connection.ts';
import { READ_SESSIONS, Sessions, WRITE_SESSIONS } from '../../../src/store-postgres/sessions.ts';

afterEach(() => vi.restoreAllMocks());

test.each([
  ['read', READ_SESSIONS],
  ['write', WRITE_SESSIONS],
] as const)('statements that %s: so many at once, and no session more', async (lane, room) => {
  const ends: (() => void)[] = [];
  const open = vi.spyOn(Connection, 'open').mockImplementation(
    async () =>
      ({
        isOpen: true,
        query: () => new Promise<Row[]>((resolve) => ends.push(() => resolve([]))),
        close: async () => {},
      }) as unknown as Connection,
  );
  const sessions = new Sessions({} as never);
  const all = Array.from({ length: room + 2 }, () => sessions.query(lane, 'select'));
  await new Promise(setImmediate);
  expect([ends.length, open.mock.calls.length]).toEqual([room, room]);
  // The other lane has its own.
  const beside = sessions.query(lane === 'read' ? 'write' : 'read', 'select');
  await new Promise(setImmediate);
  expect(ends.length).toBe(room + 1);
  while (ends.length > 0) {
    for (const end of ends.splice(0)) end();
    await new Promise(setImmediate);
  }
  await Promise.all([...all, beside]);
  expect(open).toHaveBeenCalledTimes(room + 1);
});
