/** A Node.js that is too old is told so in one sentence, before anything else of the package runs. */
import { readdirSync, readFileSync } from 'node:fs';
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

test.each(['index.ts', 'client/index.ts', 'rabbitmq/index.ts', 'testkit/index.ts', 'xstate/index.ts', 'cli/troupe.ts'])(
  'src/%s looks at it first, and what looks imports nothing',
  (path) => {
    const [first] = /(?:import|export)[^;]*;/.exec(read(`src/${path}`)) as unknown as [string];
    expect(first).toMatch(/^import '\.{1,2}\/node-version\.ts';$/);
    expect(importsOf(read('src/node-version.ts'))).toEqual([]);
  },
);

/** What Node.js 20.19 exports and 18 does not. One such name in an import is an error before anything runs, and says nothing of the version. */
const NEWER = `
  console.createTask crypto.hash fs.openAsBlob http2.performServerHandshake inspector.Network path.matchesGlob process.availableMemory
  process.getBuiltinModule process.loadEnvFile sea.* stream.duplexPair test.suite util.parseEnv util.styleText v8.queryObjects
  vm.constants worker_threads.postMessageToThread zlib.crc32
`
  .trim()
  .split(/\s+/);

test('no module imports by its name what an old Node.js does not export', () => {
  const root = new URL('../../src/', import.meta.url);
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const names = paths.flatMap((path) =>
    [...read(`src/${path}`).matchAll(/^import (?:\w+, )?\{([^}]*)\} from 'node:([\w/]+)';/gm)].flatMap(
      ([, list = '', from]) =>
        list
          .split(',')
          .map((name) => name.trim().replace(/ as .*/, ''))
          .filter((name) => name !== '' && !name.startsWith('type '))
          .map((name) => [`${path}: ${from}.${name}`, `${from}.${name}`, `${from}.*`] as const),
    ),
  );
  expect(names.length).toBeGreaterThan(100);
  expect(names.filter(([, ...each]) => each.some((name) => NEWER.includes(name))).map(([where]) => where)).toEqual([]);
});
