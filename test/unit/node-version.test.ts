/** A Node.js that is too old is told so in one sentence, before anything else of the package runs. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { faultOfVersion } from '../../src/node-version.ts';
import { importsOf } from './architecture-rules.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test.each(['20.19.0', '20.20.2', '21.0.0', '22.0.0', '24.21.0', '100.0.0'])('%s is recent enough', (version) => {
  expect(faultOfVersion(version)).toBeUndefined();
});

test.each(['0.12.1', '16.20.2', '18.20.8', '19.99.9', '20.0.0', '20.18.3'])('%s is not, and is named', (version) => {
  expect(faultOfVersion(version)).toBe(`troupe needs Node.js 20.19 or later; got ${version}`);
});

test('the least version is the one that the package says', () => {
  expect((JSON.parse(read('package.json')) as { engines: unknown }).engines).toEqual({ node: '>=20.19' });
});

test.each(['index.ts', 'testkit/index.ts', 'xstate/index.ts'])(
  'src/%s looks at it first, and what looks imports nothing',
  (path) => {
    const [first] = /(?:import|export)[^;]*;/.exec(read(`src/${path}`)) as unknown as [string];
    expect(first).toMatch(/^import '\.{1,2}\/node-version\.ts';$/);
    expect(importsOf(read('src/node-version.ts'))).toEqual([]);
  },
);
