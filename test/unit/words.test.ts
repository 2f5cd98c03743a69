/** The words of the house: no retired one in a name, and a glossary that is in order. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { readSources, readText } from './sources.ts';
import { clausesAsSubjects, commentsIn, RETIRED, retiredWordsIn, retiredWordsInComments } from './words.ts';

describe('the names of the house', () => {
  it('have none of the words that the glossary has replaced', () => {
    expect(retiredWordsIn(readSources())).toEqual([]);
  });

  test.each([
    ['a variable', 'const newHome = 1;', 'newHome'],
    ['a private field', 'readonly #buried = new Map();', 'buried'],
    ['a type', 'interface TopicsDoor {}', 'TopicsDoor'],
    ['a constant', 'const HOME_MS_MAX = 1;', 'HOME_MS_MAX'],
    ['a status', "if (status === 'frozen') return;", 'frozen'],
    ['a control message', "send({ type: 'unhold' });", 'unhold'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of one
    ['code inside a text', 'log(`worker ${home.index}`);', 'home'],
  ])('are seen in %s', (_, source, name) => {
    const found = retiredWordsIn({ 'routing/x.ts': source });
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(`routing/x.ts: ${name} (say `);
  });

  test('are seen in the name of a file', () => {
    expect(retiredWordsIn({ 'handoff/still-desk.ts': '' })).toContain(
      'handoff/still-desk.ts: still-desk (say migration buffer)',
    );
  });

  test.each([
    ['a comment', '// The old home is asleep.\n/* a frozen door */'],
    ['a sentence', "throw new Error('no way home');"],
    ['a part of a longer word', 'const gateway = sleeperless + homestead;'],
    ['a name from outside', 'Object.freeze(a); port.postMessage(b);'],
  ])('are not looked for in %s', (_, source) => {
    expect(retiredWordsIn({ 'routing/x.ts': source })).toEqual([]);
  });

  test('are looked for only where the word was renamed', () => {
    expect(retiredWordsIn({ 'simulation/x.ts': 'freeze(worker);', 'data-dir/x.ts': 'const home = 1;' })).toEqual([]);
  });
});

describe('the words of comments', () => {
  it('are none that the glossary has replaced, and that mean nothing else', () => {
    expect(retiredWordsInComments(readSources())).toEqual([]);
  });

  test.each([
    ['// Frames under way.', 'under-way'],
    ['/**\n * The reply is kept\n * back.\n */', 'kept-back'],
    ['/** The Door to time. */', 'door'],
  ])('are seen in %j', (source, word) => {
    expect(retiredWordsInComments({ 'wire/x.ts': source })).toEqual([
      expect.stringContaining(`wire/x.ts: ${word} (say `),
    ]);
  });

  test.each(["log('under way');", '/** The folder is indoors. */', '// A way back.'])(
    'are not seen in %j',
    (source) => {
      expect(retiredWordsInComments({ 'wire/x.ts': source })).toEqual([]);
    },
  );
});

describe('the sentences of comments', () => {
  it('have nouns as their subjects', () => {
    expect(clausesAsSubjects(readSources())).toEqual([]);
  });

  it('are read in all files', () => {
    const sources = Object.values(readSources());
    expect(sources.filter((source) => commentsIn(source).length > 0).length).toBeGreaterThan(sources.length * 0.95);
    expect(sources.flatMap(commentsIn).length).toBeGreaterThan(3_000);
  });

  test.each([
    '/** What is kept. */',
    '/**\n * Who listens.\n */',
    '/** A table. Whoever reads it waits. */',
    '// It ends.\n  // Nobody hears of it.',
    '/**\n * A table, which\n * ends.\n *\n * Whatever it holds is lost.\n */',
    '/**\n * Two things:\n * - What is kept.\n */',
    "const text = 'http://x'; // What is this?",
  ])('are seen without one in %j', (source) => {
    expect(clausesAsSubjects({ 'actor/x.ts': source })).toHaveLength(1);
  });

  test.each([
    '/** Says what is kept, and who keeps it. */',
    "const text = '. What is this?'; /* A text. */",
    '/** The one that Nobody asked. */',
    'const template = `// What is this?`;',
  ])('are not seen without one in %j', (source) => {
    expect(clausesAsSubjects({ 'actor/x.ts': source })).toEqual([]);
  });
});

describe('the glossary', () => {
  const lines = readText('docs/GLOSSARY.md').split('\n');
  const entries = lines.flatMap((line) => {
    const [, term, text, file] = /^\| ([^|`]+) \| (.+) \| `([^`]+)` \|$/.exec(line) ?? [];
    return term === undefined ? [] : [{ term, text, file: file as string }];
  });

  it('has a line for each term, in the order of the alphabet', () => {
    expect(entries.length).toBeGreaterThan(80);
    const terms = entries.map(({ term }) => term);
    expect(terms).toEqual([...new Set(terms)].sort((a, b) => a.localeCompare(b, 'en')));
    // What is no entry is the head, or broken.
    expect(lines.filter((line) => line.startsWith('|')).length).toBe(entries.length + 2);
  });

  it('names files that are there', () => {
    const missing = entries.filter(
      ({ file }) => !existsSync(fileURLToPath(new URL(`../../src/${file}`, import.meta.url))),
    );
    expect(missing).toEqual([]);
  });

  it('has no word that is retired everywhere', () => {
    const retired = new Set(
      RETIRED.filter(({ rooms, but }) => !rooms && !but).map(({ word }) => word.replaceAll('-', ' ')),
    );
    expect(entries.filter(({ term }) => retired.has(term))).toEqual([]);
  });
});
