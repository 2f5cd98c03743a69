/** `troupe doctor` against a system in which things are wrong on purpose. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { until } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = join(ROOT, 'dist/cli/troupe.js');
const ACTOR = `import { defineActor } from 'troupe';
export default defineActor({
  supervision: { intensity: 1_000 },
  receive: {
    fall: () => { throw new Error('by the test'); },
    block: () => { const until = Date.now() + 9_000; while (Date.now() < until); },
  },
});
`;
const { TROUPE_DATA: _data, ...env } = process.env;

interface Found {
  readonly id: string;
  readonly about: string;
}

test('names a failing actor, dead letters by cause, and a worker whose loop is blocked; nothing in a system that is well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-doctor-'));
  const troupe = (...args: string[]) =>
    spawnSync(process.execPath, [PROGRAM, ...args], { cwd: folder, env, encoding: 'utf8' });
  const doctor = (): [number | null, Found[]] => {
    const { status, stdout, stderr } = troupe('doctor', '--seconds', '2', '--json');
    expect(stderr).toBe('');
    return [status, JSON.parse(stdout)];
  };
  mkdirSync(join(folder, 'actors'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/troupe'));
  writeFileSync(join(folder, 'actors/odd.mjs'), ACTOR);
  const workers = Math.min(2, availableParallelism());
  const server = spawn(process.execPath, [PROGRAM, 'start', '--workers', `${workers}`, '--log', 'fatal'], {
    cwd: folder,
    env,
  });
  const ended = once(server, 'exit');
  try {
    await until('it runs', () => troupe('status').status === 0, 30_000);
    expect(doctor()).toEqual([0, []]);
    expect(troupe('doctor', '--seconds', '1').stdout).toBe('nothing found\n');

    troupe('tell', 'nobody/a', 'greet');
    expect(doctor()).toMatchObject([1, [{ id: 'dead-letters', about: 'UNKNOWN_KIND' }]]);

    const failing = spawn(
      process.execPath,
      [
        '-e',
        `import('troupe/client').then(async ({ connect }) => { const c = await connect(); setInterval(() => c.tell('odd/f', { type: 'fall' }), 100); })`,
      ],
      { cwd: folder, env },
    );
    const [code, found] = doctor();
    failing.kill('SIGKILL');
    expect([code, found.map(({ id, about }) => `${id}: ${about}`)]).toEqual([
      1,
      expect.arrayContaining(['actor-restarts: odd/f']),
    ]);

    const { worker } = JSON.parse(troupe('show', 'odd/b', '--json').stdout);
    troupe('tell', 'odd/b', 'block');
    const [, blocked] = doctor();
    expect(blocked.map(({ id, about }) => `${id}: ${about}`)).toContain(`worker-silent: worker ${worker}`);
  } finally {
    server.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
