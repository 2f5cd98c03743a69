/**
 * What runs (dist/): the modules that the compiler wrote (build/), put together to a few files. Node.js reads, links and evaluates each module
 * by itself, and most of what a process did until it was ready was that. Modules that two entries need are in files that both of them
 * import (dist/chunks), so that a class is one class however it is imported. Names and doc comments stay: stacks, and the
 * code behind them, can be read. Other packages are imported as before.
 *
 * Entries are what package.json exports, its commands, and each program that a module starts by its path. Such a path begins one
 * folder below the root, where rooms are in src/ and all modules are here: `new URL('../worker/worker-process.js', import.meta.url)`.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUILD = join(ROOT, 'build');
/** What looks at the version of Node.js: before all else. */
const VERSION = 'chunks/node-version.js';
const OWN_FILE = /new URL\(\s*['"]([^'"]+)['"],\s*import\.meta\.url,?\s*\)/g;

/** Paths in build/ without their endings. */
function entriesOf({ exports, bin }) {
  const doors = Object.values(exports).map((each) => each.default);
  const shipped = [...doors, ...Object.values(bin)].filter((path) => path !== undefined);
  const modules = readdirSync(BUILD, { recursive: true }).map((path) => path.replaceAll('\\', '/'));
  const programs = modules.filter((path) => path.endsWith('.js')).flatMap((path) => programsOf(path));
  return [...new Set([...shipped.map((path) => posix.relative('dist', path)), ...programs])].map(withoutEnding);
}

/** What the module of a path starts, or reads, by its path. */
function programsOf(path) {
  const found = [...readFileSync(join(BUILD, path), 'utf8').matchAll(OWN_FILE)].map(([, way]) => way);
  for (const way of found)
    if (path.split('/').length !== 2 || !way.startsWith('../'))
      throw new Error(
        `src/${path}: a path of this package is expected as '../room/file.js', from within a room; got '${way}'`,
      );
  return found.filter((way) => way.endsWith('.js')).map((way) => posix.join(posix.dirname(path), way));
}

function wayTo(path, from) {
  const way = posix.relative(posix.dirname(from), path);
  return way.startsWith('.') ? way : `./${way}`;
}

function withoutEnding(path) {
  return path.replace(/\.js$/, '');
}

/** The room that most modules of a file are from: what a stack shows beside the name of a function. */
function roomOf({ name, moduleIds }) {
  const own = moduleIds.filter((id) => id.startsWith(BUILD));
  const rooms = own.map((id) => withoutEnding(id.slice(BUILD.length + 1).split(/[\\/]/)[0]));
  const [most = name] = rooms.sort((a, b) => countOf(rooms, b) - countOf(rooms, a));
  return most;
}

function countOf(list, wanted) {
  return list.filter((each) => each === wanted).length;
}

const entries = entriesOf(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
const bundle = await rolldown({
  input: Object.fromEntries(entries.map((entry) => [entry, join(BUILD, `${entry}.js`)])),
  platform: 'node',
  external: /^[^./]/,
  // Each module is taken whole: none is left out for doing nothing but to look at the version of Node.js.
  treeshake: false,
  // Names of constants stay.
  optimization: { inlineConst: false },
  logLevel: 'warn',
});
const { output } = await bundle.write({
  dir: join(ROOT, 'dist'),
  format: 'esm',
  entryFileNames: '[name].js',
  // Imports are not always in the order of the modules behind them.
  banner: ({ isEntry, name }) => (isEntry ? `import '${wayTo(VERSION, name)}';` : ''),
  chunkFileNames: (chunk) => `chunks/${roomOf(chunk)}.js`,
});
await bundle.close();

const astray = output.filter(
  ({ fileName, code }) => fileName.split('/').length !== 2 && code.includes('import.meta.url'),
);
if (astray.length > 0)
  throw new Error(
    `expected modules with paths of this package one folder deep; got ${astray.map((each) => each.fileName)}`,
  );
