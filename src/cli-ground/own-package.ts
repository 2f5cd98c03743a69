/** Where this package was installed from, so that a new project has the same one. */
import { readFileSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageVersion } from '../vocabulary/package-version.ts';

const OWN = fileURLToPath(new URL('../..', import.meta.url));

interface Lock {
  readonly packages?: { readonly [path: string]: { readonly resolved?: string } | undefined };
}

/** For a package.json: the file that npm has installed this package from; else its version, which a registry has. */
export function ownDependency(own: string = OWN): string {
  const file = installedFrom(resolve(own));
  return file === undefined ? `^${packageVersion()}` : `file:${file.split(sep).join('/')}`;
}

/** Undefined: not from a file, or not by npm. */
function installedFrom(own: string): string | undefined {
  const modules = dirname(own);
  try {
    const { packages } = JSON.parse(readFileSync(resolve(modules, '.package-lock.json'), 'utf8')) as Lock;
    const resolved = packages?.['node_modules/troupe']?.resolved;
    return resolved?.startsWith('file:') ? resolve(dirname(modules), resolved.slice('file:'.length)) : undefined;
  } catch {
    return undefined;
  }
}
