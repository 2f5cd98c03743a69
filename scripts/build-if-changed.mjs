/**
 * `npm run build`, where what it builds from, or what it has written, is not what it was as it last ended: `npm ci` has built just before
 * `npm test`. `--note` is the last step of the build: it notes what there is.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NOTE = join(ROOT, 'node_modules', '.cache', 'troupe-build.json');
const FROM = [
  'src',
  'dashboard',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];
const WRITTEN = ['dist', 'build'];

function filesOf(names) {
  return names.flatMap((name) => {
    const path = join(ROOT, name);
    if (!existsSync(path)) return [];
    if (statSync(path).isFile()) return [path];
    const entries = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.name !== 'node_modules');
    return filesOf(entries.map((entry) => join(name, entry.name)));
  });
}

function digest(names, wordOf) {
  const hash = createHash('sha256');
  for (const path of filesOf(names).sort()) hash.update(path).update('\0').update(wordOf(path)).update('\0');
  return hash.digest('hex');
}

function found() {
  return {
    node: process.version,
    from: digest(FROM, (path) => readFileSync(path)),
    written: digest(WRITTEN, (path) => `${statSync(path).size} ${statSync(path).mtimeMs}`),
  };
}

if (process.argv.includes('--note')) {
  mkdirSync(dirname(NOTE), { recursive: true });
  // In place of the old one, not into it: folders of packages are shared by links.
  writeFileSync(`${NOTE}.${process.pid}`, JSON.stringify(found()));
  renameSync(`${NOTE}.${process.pid}`, NOTE);
} else if (existsSync(NOTE) && readFileSync(NOTE, 'utf8') === JSON.stringify(found())) {
  console.log('nothing has changed since the last build');
} else {
  const { status } = spawnSync('npm', ['run', 'build'], { cwd: ROOT, stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
