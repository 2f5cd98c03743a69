/** Three machines and one PostgreSQL by one command; one of them is killed by the page, and what was answered is kept. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { lackOfPostgres } from '../postgres/postgres-files.ts';
import { freePort } from '../free-port.ts';

interface State {
  machines: { number: number; state: string; cluster?: string; has: number }[];
  answered: number;
  kept: number | null;
}

let child: ChildProcess | undefined;
afterEach(() => void child?.kill('SIGKILL'));

describe.skipIf(lackOfPostgres() !== undefined)('examples/machines', () => {
  test('a killed machine, and one that leaves, lose nothing that was answered', async () => {
    const port = await freePort();
    const path = fileURLToPath(new URL('../../examples/machines/start.mjs', import.meta.url));
    const { TROUPE_CLUSTER: _, ...env } = process.env;
    child = spawn(process.execPath, [path], { env: { ...env, PORT: `${port}` }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    const ended = new Promise<number | null>((resolve) => child?.once('exit', resolve));
    const state = async (): Promise<State> => {
      const answer = await fetch(`http://localhost:${port}/state`).catch((error: Error) => {
        throw new Error(`${error.message}; the program says: ${output}`);
      });
      return (await answer.json()) as State;
    };
    const sharedWithin = (timeout: number, ...numbers: number[]): Promise<State> =>
      vi.waitFor(
        async () => {
          const seen = await state();
          expect(seen.kept, output).not.toBeNull();
          const having = seen.machines.filter(({ has }) => has > 0).map(({ number }) => number);
          expect(having, output).toEqual(numbers);
          return seen;
        },
        { timeout, interval: 200 },
      );
    const shared = (...numbers: number[]): Promise<State> => sharedWithin(20_000, ...numbers);

    // A database and three machines begin.
    await sharedWithin(60_000, 1, 2, 3);
    const before = await vi.waitFor(async () => {
      const seen = await state();
      expect(seen.answered).toBeGreaterThan(50);
      return seen;
    }, 10_000);
    await fetch(`http://localhost:${port}/kill/2`, { method: 'POST' });
    // The page looks on while the machine dies.
    for (let look = 0; look < 20; look++) await state();
    const after = await shared(1, 3);
    expect(after.kept).toBeGreaterThanOrEqual(before.answered);
    await fetch(`http://localhost:${port}/leave/1`, { method: 'POST' });
    const last = await shared(3);
    expect(last.kept).toBeGreaterThanOrEqual(after.answered);
    expect((await fetch(`http://localhost:${port}/kill/9`, { method: 'POST' })).status).toBe(404);

    child.kill('SIGTERM');
    expect(await ended, output).toBe(0);
    expect(output).toContain('page: http://localhost:');
  }, 150_000);
});
