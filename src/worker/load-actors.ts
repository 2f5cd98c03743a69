/**
 * Reads the actors folder: each file directly in it default-exports one definition, the kind is the file's name.
 */
import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { type Behaviour, behaviourOf } from '../actor/behaviour.ts';
import { validateDefinition } from '../actor/definition-check.ts';
import type { ActorDefinition } from '../actor/definition.ts';
import { isKind } from '../vocabulary/address.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import {
  enableAllTypeScript,
  enableTypeScript,
  needsMoreThanStripping,
  requireTypeScript,
  whileLoading,
} from './typescript-loader.ts';

const LOADABLE = /\.[cm]?[jt]s$/;
const DECLARATION = /\.d\.[cm]?ts$/;
const TEST = /\.(test|spec)(-d)?\.[cm]?[jt]s$/;

/** Behaviours by kind. `folder` is a file URL. Throws INVALID_OPTIONS that names the file and what is wrong with it. */
export function loadActors(folder: string): Promise<Map<string, Behaviour>> {
  return whileLoading(() => readFolder(folder));
}

async function readFolder(folder: string): Promise<Map<string, Behaviour>> {
  const path = fileURLToPath(folder);
  const files = await actorFiles(path);
  const definitions = new Map<string, ActorDefinition>();
  for (const [kind, file] of files) definitions.set(kind, (await importDefault(join(path, file))) as ActorDefinition);
  return behavioursOf(definitions, (kind) => join(path, files.get(kind) as string));
}

/** Checks definitions that are there already. */
export function behavioursOf(
  definitions: Iterable<[string, ActorDefinition]>,
  placeOf: (kind: string) => string,
): Map<string, Behaviour> {
  const behaviours = new Map<string, Behaviour>();
  const faults: string[] = [];
  for (const [kind, definition] of definitions) {
    const found = validateDefinition(kind, definition);
    if (found.length === 0) behaviours.set(kind, behaviourOf(kind, definition));
    else faults.push(...found.map((fault) => `${placeOf(kind)}: ${fault}`));
  }
  if (faults.length > 0) throw new TroupeError('INVALID_OPTIONS', faults.join('\n'));
  if (behaviours.size === 0)
    throw new TroupeError('INVALID_OPTIONS', 'actors: expected at least one definition; got none');
  return behaviours;
}

async function actorFiles(path: string): Promise<Map<string, string>> {
  const entries = await readdir(path, { withFileTypes: true }).catch((error) => {
    throw new TroupeError(
      'INVALID_OPTIONS',
      `actors: expected a folder that can be read; got ${path} (${asError(error).message})`,
      { cause: error },
    );
  });
  const files = new Map<string, string>();
  const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
  for (const name of names.sort()) {
    if (!isBehaviour(name)) continue;
    const kind = name.replace(LOADABLE, '');
    if (!isKind(kind))
      throw new TroupeError(
        'INVALID_OPTIONS',
        `actors: expected files named by a kind of a-z, 0-9 and -; got ${inspect(join(path, name))}`,
      );
    const other = files.get(kind);
    if (other)
      throw new TroupeError(
        'INVALID_OPTIONS',
        `actors: expected one file for each kind; got ${other} and ${name} in ${path}`,
      );
    files.set(kind, name);
  }
  if (files.size === 0)
    throw new TroupeError(
      'INVALID_OPTIONS',
      `actors: expected a folder with at least one .ts, .js or .mjs file; got none in ${path}`,
    );
  return files;
}

/** Not what lies beside behaviours: hidden files of editors and tools, declarations, tests, and what the user has set aside by `_`. */
function isBehaviour(name: string): boolean {
  return /^[^._]/.test(name) && LOADABLE.test(name) && !DECLARATION.test(name) && !TEST.test(name);
}

/** The default export of a module. Throws INVALID_OPTIONS that names the file and the cause. */
export async function importDefault(path: string): Promise<unknown> {
  try {
    return defaultOf((await importModule(path)) as { default?: unknown });
  } catch (error) {
    const cause = asError(error);
    throw new TroupeError(
      'INVALID_OPTIONS',
      `${path}: expected ${isTakenForCommonJs(cause) ? ESM : 'a module that loads'}; got ${cause.name}: ${cause.message}`,
      { cause },
    );
  }
}

/** Of a module that a compiler made a CommonJS one of, the default export of its source is one field of what Node.js calls the default. */
function defaultOf({ default: exported }: { default?: unknown }): unknown {
  const { __esModule: isCompiled, default: inner } = (exported ?? {}) as { __esModule?: unknown; default?: unknown };
  return isCompiled === true ? inner : exported;
}

const ESM = 'an ECMAScript module ("type": "module" in its package.json, or the ending .mjs or .mts)';

/** True for the errors of Node.js and tsx on `import` and `export` in a file that its package.json does not call a module. */
function isTakenForCommonJs(cause: Error): boolean {
  if ((cause as { code?: unknown }).code === 'ERR_REQUIRE_CYCLE_MODULE') return true;
  return cause instanceof SyntaxError && /outside a module|Unexpected token 'export'/.test(cause.message);
}

async function importModule(path: string): Promise<unknown> {
  const url = pathToFileURL(path).href;
  if (/\.[cm]?ts$/.test(path)) await enableTypeScript();
  try {
    return path.endsWith('.cts') ? { default: requireTypeScript(path) } : await import(url);
  } catch (error) {
    const cause = asError(error);
    if (!needsMoreThanStripping(cause)) throw error;
    if (!path.endsWith('.cts') && (await enableAllTypeScript())) return await import(url);
    throw new SyntaxError(`${cause.message}; it loads where tsx is installed beside troupe`, { cause });
  }
}
