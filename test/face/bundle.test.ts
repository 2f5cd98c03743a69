/** What runs, as it is shipped: modules put together to a few files, of which an old Node.js evaluates none but the one that says so. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DIST = join(ROOT, 'dist');
const DOORS = [
  ...['index.js', 'client/index.js', 'rabbitmq/index.js', 'xstate/index.js', 'testkit/index.js', 'cli/troupe.js'],
];
const PROGRAMS = [
  ...['worker/worker-process.js', 'worker/blocked-loop.js', 'store-service/store-thread.js', 'data-dir/copy-reader.js'],
];
/** What pages load is put together by itself: the client for pages, and the files of the dashboard. */
const isOfPages = (path: string): boolean => path === 'client/page.js' || path.startsWith('page/');
const STATIC = /^(?:import|export)\b[^;"']*["'](\.[^"']+)["'];$/gm;
const DYNAMIC = /\bimport\("(\.[^"]+)"\)/g;

const text = (path: string): string => readFileSync(join(DIST, path), 'utf8');
const near = (path: string, pattern: RegExp): string[] =>
  [...text(path).matchAll(pattern)].map(([, way]) => join(dirname(path), way as string));

/** Every file that an entry loads, in the order in which they are evaluated. */
function evaluated(path: string, met: Set<string> = new Set(), order: string[] = []): string[] {
  met.add(path);
  for (const each of near(path, STATIC)) if (!met.has(each)) evaluated(each, met, order);
  order.push(path);
  return order;
}

function hasCode(path: string): boolean {
  return (
    text(path)
      .replaceAll(/^(?:import|export)\b[^;]*;$|^\/\/.*$|^#!.*$|\/\*[\s\S]*?\*\//gm, '')
      .trim() !== ''
  );
}

test.each([...DOORS, ...PROGRAMS])('%s looks at the version of Node.js before other code of ours runs', (entry) => {
  const [first] = evaluated(entry).filter(hasCode);
  expect(first).toBe('chunks/node-version.js');
});

test('every module is in one file, and every file is loaded by an entry', () => {
  const files = readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.js'));
  const loaded = new Set([...DOORS, ...PROGRAMS].flatMap((entry) => evaluated(entry)));
  for (const path of loaded)
    for (const later of near(path, DYNAMIC)) for (const each of evaluated(later)) loaded.add(each);
  expect(files.filter((path) => !loaded.has(path) && !isOfPages(path))).toEqual([]);
  const modules = [...loaded].flatMap((path) => text(path).match(/^\/\/ build\/.*\.js$/gm) ?? []);
  expect(modules.length).toBeGreaterThan(200);
  expect(modules).toHaveLength(new Set(modules).size);
});

test('what has an effect as it is loaded is named in the package, and nothing else; no source map is shipped', () => {
  const { sideEffects, keywords } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    sideEffects: string[];
    keywords: string[];
  };
  // A program that is put together without it would find out in the middle that its Node.js is too old.
  expect(sideEffects).toEqual(['./dist/chunks/node-version.js']);
  expect(text('chunks/node-version.js')).toContain('throw Object.assign');
  expect(readdirSync(DIST, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.map'))).toEqual([]);
  expect(keywords).toContain('actor');
});

test('a class is one class, by whichever door it comes', async () => {
  const [{ defineActor, TroupeError }, { createTestSystem }, { connect }] = await Promise.all([
    import('troupe'),
    import('troupe/testkit'),
    import('troupe/client'),
  ]);
  const { system, shutdown } = createTestSystem({ actors: { none: defineActor({ receive: { a() {} } }) } });
  const faults = [system.ask('none/a', { type: 'what' }), connect('none:')].map((each) => each.catch((error) => error));
  for (const error of await Promise.all(faults)) expect(Object.getPrototypeOf(error)).toBe(TroupeError.prototype);
  await shutdown();
});
