/**
 * How TypeScript is loaded in this process: by Node itself where it can, else by tsx, an optional peer dependency. tsx
 * works through a process of its own (esbuild's), which ends as soon as nothing is left to load.
 */
import { createRequire, register as registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import { TroupeError } from '../vocabulary/errors.ts';

let registered: Promise<boolean> | undefined;
let loads = 0;

/** From now on `import` takes TypeScript. */
export async function enableTypeScript(): Promise<void> {
  registered ??= registerTsx();
  await registered;
}

/** Loads modules, then ends the transpiler, once for all of them. */
export async function whileLoading<T>(load: () => Promise<T>): Promise<T> {
  loads++;
  try {
    return await load();
  } finally {
    loads--;
    // Another system of this process may be loading too, and would lose what it waits for.
    if (loads === 0 && (await registered?.catch(() => false))) endTranspiler();
  }
}

/** Resolves to whether tsx was registered here. */
async function registerTsx(): Promise<boolean> {
  const native = (process.features as { typescript?: unknown }).typescript;
  if (native || isTsxAtWork()) return false;
  let register: (() => unknown) | undefined;
  try {
    ({ register } = await import('tsx/esm/api'));
  } catch (cause) {
    const text = `TypeScript behaviours need a Node.js that strips types (22.18 and later), or tsx beside troupe; got Node.js ${process.version} without tsx`;
    throw new TroupeError('INVALID_OPTIONS', text, { cause });
  }
  register();
  return true;
}

/** A process that was started by tsx loads TypeScript already; a second loader would load every module twice. */
function isTsxAtWork(): boolean {
  return process.execArgv.some((argument) => argument.includes('tsx'));
}

/**
 * esbuild's process would stay until this one ends: in every worker, and in the master after `shutdown()`. It belongs to
 * the thread of the loader hooks, so that is where it is told. What is imported later starts it again.
 */
function endTranspiler(): void {
  try {
    const esbuild = pathToFileURL(createRequire(import.meta.resolve('tsx/esm/api')).resolve('esbuild')).href;
    const order = `import esbuild from ${JSON.stringify(esbuild)}; esbuild.stop();`;
    registerHooks(`data:text/javascript,${encodeURIComponent(order)}`);
  } catch {
    // Another build of tsx may do without: then there is nothing to end.
  }
}
