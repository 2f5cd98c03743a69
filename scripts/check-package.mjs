/**
 * What users would install, looked at as they get it: its exports (publint), its types for those who import it
 * (arethetypeswrong) with each TypeScript that it is for, its size, and that links in its documents lead to files that are in it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { faultsOfTypes } from './compilers.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Of all files unpacked: more of it has to be meant. */
const PACKAGE_BYTES_MAX = 3.25 * 1024 * 1024;
const MARKDOWN_LINK = /\]\(([^)\s#]+)(?:#[^)]*)?\)/g;
/** An address elsewhere. */
const ABSOLUTE = /^[a-z]+:/;

function tool(name, ...args) {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'node_modules', '.bin', name), args, {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return status === 0 ? [] : [`${name}: ${stdout}${stderr}`];
}

/** Without `prepare`: dist/ is what `npm run build` left. */
function pack(folder) {
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(
    execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  return packed;
}

/** The folder that it is in. */
function unpack(file, folder) {
  execFileSync('tar', ['-xzf', file, '-C', folder]);
  return join(folder, 'package');
}

function faultsOfLinks(paths) {
  const shipped = new Set(paths);
  for (const path of paths) for (let at = posix.dirname(path); at !== '.'; at = posix.dirname(at)) shipped.add(at);
  const faults = [];
  for (const path of paths.filter((each) => each.endsWith('.md')))
    for (const [, link] of readFileSync(join(ROOT, path), 'utf8').matchAll(MARKDOWN_LINK)) {
      const target = posix.join(dirname(path), decodeURI(link)).replace(/\/$/, '');
      if (!ABSOLUTE.test(link) && !shipped.has(target)) faults.push(`${path}: ${link} leads nowhere in the package`);
    }
  return faults;
}

function faultsOfFiles({ files, unpackedSize }) {
  const paths = files.map(({ path }) => path);
  const faults = faultsOfLinks(paths);
  if (!paths.includes('dist/index.js')) faults.push('dist/index.js is missing: npm run build');
  if (unpackedSize > PACKAGE_BYTES_MAX) faults.push(`expected at most ${PACKAGE_BYTES_MAX} bytes; got ${unpackedSize}`);
  return faults;
}

const folder = mkdtempSync(join(tmpdir(), 'troupe-package-'));
try {
  const packed = pack(folder);
  const file = join(folder, packed.filename);
  const faults = [
    ...faultsOfFiles(packed),
    ...tool('publint', 'run', file, '--strict'),
    // It is for ES modules: `require` finds an ES module, which Node.js loads from 20.19 on.
    ...tool('attw', file, '--profile', 'esm-only', '--no-emoji'),
    ...(await faultsOfTypes(join(folder, 'consumer'), unpack(file, folder))),
  ];
  for (const fault of faults) console.error(fault);
  console.log(`${packed.files.length} files, ${(packed.size / 1e6).toFixed(1)} MB packed, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
