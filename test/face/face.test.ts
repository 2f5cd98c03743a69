/** The public face as it is shipped: the declarations of each entry, and the reports that a review sees. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ERROR_CODES } from 'troupe';
import { describe, expect, it } from 'vitest';
import { breachesOfDocs, codesIn, partsOf, readDeclarations } from './face-rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ENTRIES = [
  ['troupe', 'index.d.ts'],
  ['troupe/client', 'client/index.d.ts'],
  ['troupe/rabbitmq', 'rabbitmq/index.d.ts'],
  ['troupe/xstate', 'xstate/index.d.ts'],
  ['troupe/testkit', 'testkit/index.d.ts'],
] as const;
/** Where a definition carries its types: no value, and nothing to import. */
const HIDDEN = ['types'];

function read(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8');
}

function declarationsOf(file: string) {
  return readDeclarations(read(`dist/${file}`));
}

describe.each(ENTRIES)('%s', (name, file) => {
  it('has a doc comment on every public member, with an example where it is called', () => {
    expect(breachesOfDocs(declarationsOf(file))).toEqual([]);
  });

  it('names only errors that there are', () => {
    const named = declarationsOf(file).members.flatMap(({ doc }) => codesIn(doc));
    expect(named.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });

  it('exports every type that stands in a public signature, and imports none but of other entries and of xstate', () => {
    const { hidden, imports } = declarationsOf(file);
    expect(hidden.filter((each) => !HIDDEN.includes(each))).toEqual([]);
    expect(imports.filter((each) => !/^(xstate|\.{1,2}\/(xstate\/)?index\.js)$/.test(each))).toEqual([]);
  });

  it('is as its report in docs/api says; `npm run build -- --accept` updates it', () => {
    const report = `${name.replace('/', '-')}.api.md`;
    expect(read(`docs/api/${report}`)).toBe(read(`dist/api/${report}`));
  });
});

it('gives a name one home: no entry declares what troupe exports', () => {
  const inTroupe = declarationsOf('index.d.ts').exported;
  const deprecated = ['publish', 'reply', 'tell'];
  for (const file of ['client/index.d.ts', 'xstate/index.d.ts', 'testkit/index.d.ts']) {
    const twice = declarationsOf(file).exported.filter((name) => inTroupe.includes(name));
    expect(twice.filter((name) => !deprecated.includes(name))).toEqual([]);
  }
});

describe('the hover of', () => {
  it.each(['defineActor', 'createSystem', 'System.tell', 'Context.remind'])(
    '%s says what it does, units, defaults and errors, and has an example',
    (name) => {
      const docs = declarationsOf('index.d.ts').members.filter((member) => member.name === name);
      const { says, unit, default: ofDefaults, errors, example } = partsOf(docs[0]?.doc ?? '');
      expect(says.length).toBeGreaterThan(40);
      expect({ unit, ofDefaults, example }).toEqual({ unit: true, ofDefaults: true, example: true });
      expect(errors).not.toEqual([]);
    },
  );
});

describe('a member is refused', () => {
  const breaches = (text: string): string[] => breachesOfDocs(readDeclarations(text));
  const EXAMPLE = '@example\n * ```ts\n * f();\n * ```\n';

  it.each([
    ['a function without a comment', 'export declare function f(): void;', ['f has no doc comment']],
    ['a function without an example', '/** Does it. */\nexport declare function f(): void;', ['f has no @example']],
    [
      'an overload without one',
      `/** Does it.\n * ${EXAMPLE} */\nexport declare function f(): void;\nexport declare function f(a: string): void;`,
      ['f has no doc comment'],
    ],
    [
      'a property, a method and a function in a property of an interface',
      '/** It. */\nexport declare interface I { a: string; b(): void; c?: () => void; }',
      ['I.a has no doc comment', 'I.b has no doc comment', 'I.c has no doc comment'],
    ],
    [
      'a method whose comment has no example',
      '/** It. */\nexport declare interface I {\n /** A. */ a: string;\n /** B. */ b(): void;\n }',
      ['I.b has no @example'],
    ],
    [
      'a constructor, and a getter without a comment',
      '/** It. */\nexport declare class C { constructor(); get a(): string; #private; }',
      ['C.constructor has no doc comment', 'C.a has no doc comment'],
    ],
    ['a type', 'export declare type T = string;', ['T has no doc comment']],
    ['a part of a type', '/** T. */\nexport declare type T = { a: string };', ['T.a has no doc comment']],
  ])('%s', (_what, text, expected) => {
    expect(breaches(text)).toEqual(expected);
  });

  it('no more where it has both, or is deprecated', () => {
    expect(breaches(`/**\n * Does it.\n *\n * ${EXAMPLE} */\nexport declare function f(): void;`)).toEqual([]);
    expect(breaches('/** @deprecated It is `g`. */\nexport declare function f(): void;')).toEqual([]);
  });

  it('where its type is not exported', () => {
    const { hidden } = readDeclarations('declare interface H {}\n/** F. */\nexport declare type T = H;');
    expect(hidden).toEqual(['H']);
  });
});
