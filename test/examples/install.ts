/** What a test installs from npm on first use, in a folder of its own under scripts/. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An install that takes longer hangs. */
const INSTALL_MS_MAX = 120_000;

/**
 * The folder of its packages. Undefined where they cannot be had, which is said in one line; an error where the environment variable
 * says that they have to be there.
 */
export function installed(name: string, title: string, variable: string): string | undefined {
  const home = fileURLToPath(new URL(`../../scripts/${name}/`, import.meta.url));
  const packages = join(home, 'node_modules');
  if (existsSync(join(packages, '.package-lock.json'))) return packages;
  const args = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', args, { cwd: home, encoding: 'utf8', timeout: INSTALL_MS_MAX });
  if (status === 0) return packages;
  if (process.env[variable] === 'required') throw new Error(`${title} could not be installed: ${stderr}`);
  console.log(`${title} could not be installed: not tried`);
  return undefined;
}
