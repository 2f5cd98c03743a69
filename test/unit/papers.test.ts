/** The papers of the house name files that are there, and say what they are asked. */
import { describe, expect, it, test } from 'vitest';
import { filesIn, readSources, readText } from './sources.ts';

const SOURCES = readSources();
const isFile = (path: string): boolean => SOURCES[`${path}.ts`] !== undefined;

function section(title: string): string {
  const text = readText('docs/ARCHITECTURE.md');
  const from = text.indexOf(`\n## ${title}\n`);
  expect(from).toBeGreaterThan(0);
  return text.slice(from, text.indexOf('\n## ', from + 1));
}

/** What stands in backticks and may be a file. */
function filesNamed(text: string): string[] {
  return [...text.matchAll(/`([a-z-]+(?:\/[a-z-]+)*)`/g)].map(([, path]) => path as string);
}

describe('the table of where to look', () => {
  const rows = section('Where to look')
    .split('\n')
    .flatMap((line) => {
      const [, question, file] = /^\| (.+) \| `([^`]+)` \|$/.exec(line) ?? [];
      return question === undefined ? [] : [{ question, file: file as string }];
    });

  it('has at least twenty rows, and ten questions more', () => {
    expect(rows.filter(({ question }) => !question.endsWith('?')).length).toBeGreaterThanOrEqual(20);
    expect(rows.filter(({ question }) => question.endsWith('?')).length).toBeGreaterThanOrEqual(10);
  });

  it('names files that are there, each once', () => {
    expect(rows.filter(({ file }) => !isFile(file))).toEqual([]);
    expect(new Set(rows.map(({ file }) => file)).size).toBe(rows.length);
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
