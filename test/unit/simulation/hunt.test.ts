/** Hunts: many programs on several processes, each of which can be run again by one line. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Hunt } from './hunt.ts';
import { lineOf } from './search.ts';

const SIMULATE = fileURLToPath(new URL('../../../scripts/simulate.mjs', import.meta.url));
const MUTANT = 'the new host runs the actors as soon as they are installed';

function simulate(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [SIMULATE, ...args], { maxBuffer: 2 ** 26 }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, text: stdout + stderr }),
    );
  });
}

describe('npm run simulate', { timeout: 600_000 }, () => {
  it('runs so many programs of each mix on several processes, and says what they came to', async () => {
    const hunted = await simulate(
      ...['--programs', '12', '--jobs', '2', '--mix', 'fate,machines-come', '--seed', '3', '--steps', '12'],
    );
    expect(hunted.text).toMatch(/^12 programs in \d+ s: \d+ a minute, 0 failures/m);
    expect(hunted.text).toMatch(/^ {2}fate: 6 programs of \d+ ms of a processor, 0 failures; .*messages sent [1-9]/m);
    expect(hunted.text).toMatch(/^ {2}machines-come: 6 programs .*simulated seconds [1-9]/m);
    expect(hunted.text).toContain('go on with --seed 9');
    expect(hunted.code).toBe(0);
  });

  it.each([
    ['64', ''],
    ['1024', '--shards 1024'],
  ])('gives a line that fails alike, of %s shards', async (shards, given) => {
    const args = ['--mix', 'moves', '--programs', '40', '--seed', '1', '--jobs', '2', '--mutant', MUTANT];
    // Of a busy machine; a quiet one has made it as short as it goes by then.
    const hunted = await simulate(...args, '--shrink', '3', ...given.split(' ').filter(Boolean));
    expect(hunted.code).toBe(1);
    const [, breach] = hunted.text.match(/^(\[.*)$/m) as RegExpMatchArray;
    const [, line] = hunted.text.match(/^npm run simulate -- (.*)$/m) as RegExpMatchArray;
    const [, shorter] = hunted.text.match(/^or shorter: npm run simulate -- (.*) --program '/m) as RegExpMatchArray;
    const [, program] = hunted.text.match(/--program '(.*)'$/m) as RegExpMatchArray;
    expect(line?.includes('--shards')).toBe(shards !== '1024');
    const again = await simulate(...(shorter as string).split(' '), '--program', program as string, '--mutant', MUTANT);
    expect(again.text).toContain(breach);
    expect(again.code).toBe(1);
    expect((await simulate(...(line as string).split(' '), '--mutant', MUTANT)).code).toBe(1);
  });
});

/** Runs programs of which a part that is written here says what they come to. */
async function hunted(
  part: string,
  options: { programs: number; failuresMax?: number; rssBytesMax?: number; stuckMs?: number },
) {
  const folder = mkdtempSync(join(tmpdir(), 'hunt-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, 'part.mjs');
  writeFileSync(program, part);
  const lines: string[] = [];
  const hunt = new Hunt({
    ...{ mixes: ['all', 'fate'], stepsOf: () => 10, shardsOf: () => 64, first: 1, forMs: 60_000, failuresMax: 100 },
    ...{
      jobs: 2,
      stuckMs: 25_000,
      shrinkMs: 0,
      part: pathToFileURL(program),
      say: (line: string) => void lines.push(line),
    },
    ...options,
  });
  await hunt.run();
  return { hunt, lines };
}

const ANSWER = `{ cpuMs: 1, counts: { pid: process.pid }, rssBytes: 10 }`;

describe('a hunt', { timeout: 600_000 }, () => {
  it('names the program with which a process died, runs the others, and each once', async () => {
    const part = `process.on('message', ({ run: { seed, mix } }) => {
      if (seed === 3 && mix === 'fate') process.exit(7);
      process.send({ ...${ANSWER}, counts: { [seed]: 1 } });
    });`;
    const { hunt, lines } = await hunted(part, { programs: 12 });
    const line = lineOf({ mix: 'fate', seed: 3, steps: 10, shards: 64 });
    expect(lines.join()).toContain(`[end] its process ended: exit code 7\n${line}`);
    expect(hunt.counts).toMatchObject({ programs: 11, failures: 1 });
    const seeds = (missing: number[]): string =>
      [1, 2, 3, 4, 5, 6].flatMap((seed) => (missing.includes(seed) ? [] : [`${seed} 1`])).join(', ');
    expect(hunt.summary().join('\n')).toContain(`all: 6 programs of 1 ms of a processor, 0 failures; ${seeds([])}`);
    expect(hunt.summary().join('\n')).toContain(`fate: 5 programs of 1 ms of a processor, 1 failures; ${seeds([3])}`);
  });

  it('ends a process whose program never ends, and names that', async () => {
    const part = `process.on('message', ({ run: { seed } }) => {
      if (seed === 2) for (;;);
      process.send(${ANSWER});
    });`;
    const { hunt, lines } = await hunted(part, { programs: 8, stuckMs: 5_000 });
    expect(hunt.counts).toMatchObject({ programs: 6, failures: 2 });
    expect(lines.filter((line) => line.includes('SIGKILL') && line.includes('--seed 2'))).toHaveLength(2);
  });

  it('ends after so many failures', async () => {
    const part = `process.on('message', () => process.send({ ...${ANSWER}, report: 'wrong' }));`;
    const { hunt, lines } = await hunted(part, { programs: 1_000, failuresMax: 3 });
    expect(lines.filter((line) => line.includes('wrong')).length).toBeGreaterThanOrEqual(3);
    expect(hunt.counts.programs).toBeLessThan(10);
  });

  it('replaces a process that has become too large', async () => {
    const part = `process.on('message', ({ run }) => process.send({ ...${ANSWER}, counts: { [process.pid]: 1 } }));`;
    const { hunt } = await hunted(part, { programs: 20, rssBytesMax: 5 });
    expect(hunt.counts.programs).toBe(20);
    const [all] = hunt.counts.lines();
    expect((all as string).split(', ').length).toBeGreaterThan(3);
  });
});
