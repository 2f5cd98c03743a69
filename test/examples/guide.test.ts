/** The guide, and the pages for those who come from elsewhere: each program runs as it stands there, and prints what stands below it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { installed } from './install.ts';
import { outputOf, projectOf, ROOT, tidyUp } from './pages.ts';

const PAGES = ['guide', 'from-akka', 'from-orleans', 'from-erlang', 'from-durable-objects'];
/** A program, and the text that it prints. */
const PROGRAM = /^```js\n\/\/ (\S*app\.mjs)\n(?:.*?\n)```\n\n```text\n(.*?)^```$/gms;

afterEach(tidyUp);

const programs = PAGES.flatMap((page) => {
  const text = readFileSync(join(ROOT, `docs/${page}.md`), 'utf8');
  return [...text.matchAll(PROGRAM)].map(([, program = '', printed = '']) => ({ page, program, printed }));
});

test('each section of the guide, and each page, has a program', () => {
  const counts = PAGES.map((page) => programs.filter((one) => one.page === page).length);
  expect(counts).toEqual([7, 1, 1, 1, 1]);
});

test.each(programs)('$page: $program', async ({ page, program, printed }) => {
  expect(await outputOf(projectOf(`docs/${page}.md`), [program])).toBe(printed);
});

const REFERENCE = installed('reference', 'typedoc', 'TROUPE_REFERENCE');

test.skipIf(REFERENCE === undefined)(
  'the reference is made of the declarations, without a warning',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'troupe-reference-'));
    try {
      const args = [join(ROOT, 'scripts/reference.mjs'), folder];
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
      expect([status, `${stdout}${stderr}`]).toEqual([0, expect.not.stringContaining('warning')]);
      for (const page of ['index.createSystem', 'client.connect', 'testkit.createTestSystem'])
        expect(existsSync(join(folder, `functions/${page}.html`)), page).toBe(true);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  240_000,
);
