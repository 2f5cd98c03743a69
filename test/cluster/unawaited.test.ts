/** What nobody awaits and fails: in actors it is logged and harms nobody, in the program it is what it would be without troupe. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./programs/hasty.mjs', import.meta.url));

interface Run {
  code: number | null;
  lines: Record<string, unknown>[];
  errors: string;
}

function run(workers: number, last: string, options: string[] = []): Promise<Run> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [...options, PROGRAM, String(workers), last],
      { timeout: 60_000 },
      (_error, out, errors) => {
        const lines = out
          .split('\n')
          .filter((line) => line.startsWith('{'))
          .map((line) => JSON.parse(line) as Record<string, unknown>);
        resolve({ code: child.exitCode, lines, errors });
      },
    );
  });
}

const UNAWAITED = 'an ask failed that nobody awaited';

test.each([0, 2])(
  'with %i workers the asks of actors that nobody awaited are logged with their actor; all go on',
  async (workers) => {
    const { code, lines } = await run(workers, 'end');
    expect([code, lines.filter(({ same }) => same !== undefined)]).toEqual([0, [{ same: true }]]);
    const logged = lines.filter(({ msg }) => msg === UNAWAITED);
    const codes = logged.map(({ actor, err }) => `${actor} ${(err as { code: string }).code}`);
    const expected = [
      'UNKNOWN_MESSAGE',
      'UNKNOWN_MESSAGE',
      'UNKNOWN_KIND',
      'INVALID_OPTIONS',
      'ASK_CYCLE',
      'ACTOR_STOPPED',
    ];
    const ofActor = expected.map((each) => `hasty/a ${each}`);
    for (const each of new Set(ofActor)) expect(codes).toContain(each);
    // After an await a ref made by `ctx.ref` still sends as the actor.
    expect(codes.filter((each) => each === 'hasty/a UNKNOWN_MESSAGE')).toHaveLength(3);
  },
);

test('an ask of the program itself that it does not await ends it, as any rejection does', async () => {
  const { code, errors } = await run(0, 'ask');
  expect([code, errors.includes('none-such')]).toEqual([1, true]);
});

test('other rejections end the program, unless it has said otherwise', async () => {
  const { code, errors } = await run(0, 'reject');
  expect(code).toBe(1);
  expect(errors).toContain('Error: of the program');
  const kept = await run(0, 'reject', ['--unhandled-rejections=warn']);
  expect(kept.errors).toContain('UnhandledPromiseRejectionWarning');
  expect(kept.lines).toContainEqual({ same: true });
});
