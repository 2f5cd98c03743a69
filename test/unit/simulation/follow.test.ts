/** What a replay shows that follows one actor. */
import { expect, it, vi } from 'vitest';
import { main } from './main.ts';

const PROGRAM = JSON.stringify([
  { do: 'tell', by: 0, to: 'player/0', count: 3 },
  { do: 'tell', by: 0, to: 'player/1', count: 2 },
]);

async function shown(...more: string[]): Promise<string[]> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line) => void lines.push(String(line)));
  try {
    expect(await main(['--seed', '7', '--program', PROGRAM, ...more])).toBe(0);
  } finally {
    log.mockRestore();
  }
  return lines;
}

it('is what has to do with that actor, with its turns', { timeout: 600_000 }, async () => {
  const lines = await shown('--follow', 'player/1');
  expect(lines.filter((line) => line.includes('player/0') && !line.includes('step'))).toEqual([]);
  expect(lines.filter((line) => line.includes('turn ended: process → player/1')).length).toBeGreaterThanOrEqual(2);
  expect((await shown()).length).toBeGreaterThan(lines.length);
});

it('begins with the step that is named', { timeout: 600_000 }, async () => {
  const [first] = await shown('--from', '1');
  expect(first).toContain('step 1: {"do":"tell","by":0,"to":"player/1"');
});

it('knows no rule of another name', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  expect(await main(['--seed', '7', '--mutant', 'none such'])).toBe(2);
  log.mockRestore();
});
