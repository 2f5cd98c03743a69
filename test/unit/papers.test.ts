/** The papers of the house name files that are there, and say what they are asked. */
import { posix } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { ROOMS } from './architecture-rules.ts';
import { filesIn, readSources, readText } from './sources.ts';

const SOURCES = readSources();
const isFile = (path: string): boolean => SOURCES[`${path}.ts`] !== undefined;

/** Lines of docs/ARCHITECTURE.md: what is longer is not read in one sitting. */
const ARCHITECTURE_LINES_MAX = 200;

function section(title: string): string {
  const text = readText('docs/ARCHITECTURE.md');
  const from = text.indexOf(`\n## ${title}\n`);
  expect(from).toBeGreaterThan(0);
  const to = text.indexOf('\n## ', from + 1);
  return text.slice(from, to < 0 ? undefined : to);
}

/** Numbers of the units that a bound is written with. */
const UNITS: Readonly<Record<string, number>> = {
  ...{ Ki: 2 ** 10, KiB: 2 ** 10, Mi: 2 ** 20, MiB: 2 ** 20, GiB: 2 ** 30 },
  ...{ ms: 1, s: 1_000, min: 60_000, days: 86_400_000 },
};

/** Named constants of a row with their values, undefined where the row has none: "`A_MAX` 64 KiB; `B_MS` 1 s". */
function boundsIn(text: string): { name: string; value: number | undefined }[] {
  return [...text.matchAll(/`([A-Z][A-Z_]+)`(?: (\d[\d .]*\d|\d)(?: (Ki|Mi|[KMG]iB|ms|s|min|days)\b)?)?/g)].map(
    ([, name, digits, unit]) => ({
      name: name as string,
      value: digits === undefined ? undefined : Number(digits.replaceAll(' ', '')) * (UNITS[unit ?? ''] ?? 1),
    }),
  );
}

/** The value of a constant; NaN where it is made of other constants. */
function constantOf(file: string, name: string): number | undefined {
  const [, text] = new RegExp(`\\bconst ${name}(?:: number)? = ([^;]+);`).exec(SOURCES[`${file}.ts`] ?? '') ?? [];
  if (text === undefined) return undefined;
  return text.split('*').reduce((product, factor) => product * Number(factor.replaceAll('_', '')), 1);
}

/** Headings, as a link names them. */
function headingsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    (title as string)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/**
 * The chains of a journey: files with a sign between two, without what is asked on the way. One that comes back into a room, or whose signs
 * are not those of its rooms, is at fault.
 */
function chainsIn(text: string): { walls: number; faults: string[] }[] {
  const chains = text
    .replaceAll(/\([^)]*\)/g, '')
    .split(/[;║\n]/)
    .filter((chain) => /[→│]/.test(chain));
  return chains.map((chain) => {
    const parts = [...chain.matchAll(/`[a-z-]+\/[a-z-]+`|[→│]/g)].map(([part]) => part.replaceAll('`', ''));
    const files = parts.filter((_, at) => at % 2 === 0);
    const signs = parts.filter((_, at) => at % 2 === 1);
    const rooms = files.map((file) => posix.dirname(file));
    const entered = rooms.filter((room, at) => room !== rooms[at - 1]);
    const isFault = (sign: string, at: number): boolean =>
      sign !== (rooms[at] === rooms[at + 1] ? '→' : '│') || files[at + 1] === undefined;
    return {
      walls: entered.length - 1,
      faults: [
        ...(signs.some(isFault) ? [`a sign of another wall in ${parts.join(' ')}`] : []),
        ...(new Set(entered).size === entered.length ? [] : [`a room again in ${parts.join(' ')}`]),
      ],
    };
  });
}

/** What stands in backticks and may be a file. */
function filesNamed(text: string): string[] {
  return [...text.matchAll(/`([a-z-]+(?:\/[a-z-]+)*)`/g)].map(([, path]) => path as string);
}

describe('the page on the house', () => {
  it('is short enough to be read', () => {
    expect(readText('docs/ARCHITECTURE.md').trimEnd().split('\n').length).toBeLessThanOrEqual(ARCHITECTURE_LINES_MAX);
  });

  it('has a row for each room, in the order of the floors', () => {
    const named = section('Rooms')
      .split('\n')
      .flatMap((line) => [...(/^\| ([^|]+) \|/.exec(line)?.[1]?.matchAll(/`([a-z-]+)(?:\/|\.ts)`/g) ?? [])])
      .map(([, name]) => name as string);
    const topFiles = new Set(['options', 'os-signals']);
    const rooms = [...new Set(named)].filter((name) => !topFiles.has(name));
    expect(rooms).toEqual(ROOMS);
  });
});

describe('the table of durable actors', () => {
  const rows = section('Durable actors')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| question |'));
  const places = rows.map((row) => row.split(' | ')[1] ?? '').join('\n');
  const names = Object.keys(SOURCES).map((path) => posix.basename(path, '.ts'));

  it('names files that are there', () => {
    const named = filesNamed(places);
    expect(named.length).toBeGreaterThan(15);
    expect(named.filter((name) => !names.includes(posix.basename(name)))).toEqual([]);
  });

  it('names members that are there', () => {
    const members = [...places.matchAll(/`([A-Z]\w+)\.(\w+)`/g)];
    expect(members.length).toBeGreaterThan(0);
    const isThere = ([, owner, member]: RegExpMatchArray): boolean =>
      Object.values(SOURCES).some((text) => {
        const from = text.search(new RegExp(`\\b(class|interface) ${owner}\\b`));
        return from >= 0 && new RegExp(`^  ${member}\\b`, 'm').test(text.slice(from));
      });
    expect(members.filter((member) => !isThere(member)).map(([text]) => text)).toEqual([]);
  });
});

describe('the table of where to look', () => {
  const rows = readText('docs/WHERE-TO-LOOK.md')
    .split('\n')
    .flatMap((line) => {
      const [, question, place = ''] = /^\| (.+?) \| (.*`.+`.*) \|$/.exec(line) ?? [];
      return question === undefined || place === 'file in `src/`' ? [] : [{ question, files: filesNamed(place) }];
    });

  it('has at least twenty rows, and ten questions more', () => {
    expect(rows.filter(({ question }) => !question.endsWith('?')).length).toBeGreaterThanOrEqual(20);
    expect(rows.filter(({ question }) => question.endsWith('?')).length).toBeGreaterThanOrEqual(10);
  });

  it('names files that are there, each once', () => {
    expect(rows.filter(({ files }) => files.length === 0 || !files.every(isFile))).toEqual([]);
    const all = rows.flatMap(({ files }) => files);
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('the table of bounds', () => {
  const rows = readText('docs/BOUNDS.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what |'))
    .map((line) => {
      const [, what, names, files] = /^\| (.+) \| (.+) \| (.+) \|$/.exec(line) ?? [];
      return { what, names: names ?? '', files: filesNamed(files ?? '') };
    });

  it('has a row for each, which names files that are there', () => {
    expect(rows.length).toBeGreaterThan(90);
    expect(rows.filter(({ files }) => files.length === 0 || !files.every(isFile))).toEqual([]);
  });

  it('has the values of the code', () => {
    const bounds = rows.flatMap(({ names, files }) => boundsIn(names).map((bound) => ({ ...bound, files })));
    const wrong = bounds.flatMap(({ name, value, files }) => {
      const actual = files.map((file) => constantOf(file, name)).find((found) => found !== undefined);
      const isSo = actual !== undefined && (value === undefined || Number.isNaN(actual) || actual === value);
      return isSo ? [] : [{ name, value, actual, files }];
    });
    expect(wrong).toEqual([]);
    expect(bounds.filter(({ value }) => value !== undefined).length).toBeGreaterThan(110);
  });
});

describe('the links of the pages', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...filesIn('docs', '.md').map((page) => `docs/${page}`),
  ];

  it('to a heading lead to one that is there', () => {
    const lost = pages.flatMap((page) =>
      [...readText(page).matchAll(/\]\(([^)\s:#]*)#([^)\s]+)\)/g)]
        .map(([, file, heading]) => ({
          page,
          file: file === '' ? page : posix.join(posix.dirname(page), file as string),
          heading: heading as string,
        }))
        .filter(({ file, heading }) => !headingsOf(readText(file)).includes(heading)),
    );
    expect(lost).toEqual([]);
  });
});

describe('the table of ports', () => {
  it('has a row for each, and no other', () => {
    const page = readText('docs/decisions/0061-parts-are-passed-ports-stay-where-two-stand-behind.md');
    const rows = [...page.matchAll(/^\| `(\w+)` \(([a-z-]+)\) \|/gm)].map(([, port, room]) => `${room}: ${port}`);
    const ports = Object.entries(SOURCES).flatMap(([path, source]) =>
      [...source.matchAll(/^(?:export )?(?:interface|type) (\w+Port)\b/gm)].map(
        ([, port]) => `${path.split('/')[0]}: ${port}`,
      ),
    );
    expect(ports.sort()).toEqual(rows.sort());
  });
});

describe('the journeys', () => {
  const journeys = section('Three journeys')
    .split(/^\*/m)
    .slice(1)
    .map((text) => ({ name: text.slice(0, text.indexOf('.')), text }));

  it('are three', () => {
    expect(journeys.map(({ name }) => name)).toEqual([
      "A tell from the master to a worker's handler",
      'An ask whose host dies',
      'A durable turn',
    ]);
  });

  test.each(journeys)('name files that are there: $name', ({ text }) => {
    const files = filesNamed(text).filter((path) => path.includes('/'));
    expect(files.length).toBeGreaterThan(8);
    expect(files.filter((path) => !isFile(path))).toEqual([]);
  });

  test.each(journeys)('cross each wall between rooms once, where one is drawn: $name', ({ text }) => {
    const chains = chainsIn(text);
    expect(chains.filter(({ walls }) => walls > 0).length).toBeGreaterThan(1);
    expect(chains.flatMap(({ faults }) => faults)).toEqual([]);
  });

  test.each(journeys)('cross a wall between processes: $name', ({ text }) => {
    const [before, after] = text.split('║', 2);
    expect(filesNamed(before ?? '').length).toBeGreaterThan(0);
    expect(filesNamed(after ?? '').length).toBeGreaterThan(0);
  });
});

describe('the index of the decisions', () => {
  const rows = readText('docs/decisions/README.md')
    .split('\n')
    .flatMap((line) => {
      const [, number, title, page, status, files] =
        /^\| (\d+) \| \[(.+)\]\((\S+\.md)\) \| (.+) \| (.+) \|$/.exec(line) ?? [];
      return number === undefined ? [] : [{ number, title, page: page as string, status, files: files as string }];
    });

  it('has each page once, in order', () => {
    const pages = filesIn('docs/decisions', '.md').filter((page) => page !== 'README.md');
    expect(rows.map(({ page }) => page)).toEqual(pages.sort());
  });

  test.each(rows)('has the number and the title of $page', ({ number, title, page }) => {
    expect(readText(`docs/decisions/${page}`).split('\n')[0]).toBe(`# ${number}. ${title}`);
    expect(Number(page.slice(0, 4))).toBe(Number(number));
  });

  it('names files that are there', () => {
    const missing = rows.flatMap(({ page, files }) => {
      const named = filesNamed(files);
      return named.length > 0 && named.every(isFile) ? [] : [`${page}: ${files}`];
    });
    expect(missing).toEqual([]);
  });
});
