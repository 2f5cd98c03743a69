/**
 * How TypeScript is loaded in this process: by Node itself where it can, else by tsx, an optional peer dependency. tsx
 * works through a process of its own (esbuild's), which ends as soon as nothing is left to load.
 */
import module from 'node:module';
import { pathToFileURL } from 'node:url';
import { TroupeError } from '../vocabulary/errors.ts';

let registered: Promise<boolean> | undefined;
let loads = 0;
/** tsx runs its hooks, and esbuild, in this thread where Node.js lets it, else in the one that Node.js keeps for them. */
let isInThisThread = false;
/** tsx takes part in `require`. */
let isForCommonJs = false;

/** From now on `import` takes TypeScript. */
export async function enableTypeScript(): Promise<void> {
  const native = nativeTypeScript();
  if (isTsxAtWork()) return;
  if (native) {
    // A module that could not be stripped would be met again by who loads it once more: tsx has to be there before.
    if (native === 'strip' && keepsFailedLoads(process.versions.node)) await enableAllTypeScript();
    return;
  }
  try {
    await registerOnce();
  } catch (cause) {
    const text = `TypeScript behaviours need a Node.js that strips types (22.18 and later), or tsx beside troupe; got Node.js ${process.version} without tsx`;
    throw new TroupeError('INVALID_OPTIONS', text, { cause });
  }
}

/** Whether Node.js remembers that a module, or one that it imports, failed to load: 26 forgets it, and 24 since 24.14. */
export function keepsFailedLoads(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < 26 && !(major === 24 && minor >= 14);
}

/** Node strips types and nothing else: enums, namespaces and parameter properties would have to become code. */
export function needsMoreThanStripping(error: Error): boolean {
  return (error as { code?: unknown }).code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';
}

/** From now on `import` takes all of TypeScript. False where tsx is not installed. */
export async function enableAllTypeScript(): Promise<boolean> {
  try {
    return await registerOnce();
  } catch {
    return false;
  }
}

function nativeTypeScript(): unknown {
  return (process.features as { typescript?: unknown }).typescript;
}

/**
 * Loads a CommonJS module in TypeScript (`.cts`), once `enableTypeScript` was called. It is required, not imported: where one that is
 * imported requires this package, as an actor does, Node.js 22 finds modules of it that are not linked yet, and tsx on 20 gives it no `module`.
 */
export function requireTypeScript(path: string): unknown {
  const require = module.createRequire(path);
  // Where tsx is registered for `import` it takes part in `require` too, and has to know CommonJS there.
  if (!isTsxAtWork() && (!nativeTypeScript() || registered)) registerForCommonJs();
  try {
    return require(path);
  } catch (error) {
    // More than types, or `import` and `export`, which Node.js leaves as they are.
    if (!(error instanceof SyntaxError) || isForCommonJs || !registerForCommonJs()) throw error;
    return require(path);
  }
}

/** False where tsx is not installed. */
function registerForCommonJs(): boolean {
  if (isForCommonJs) return true;
  try {
    module
      .createRequire(import.meta.url)('tsx/cjs/api')
      .register();
    isForCommonJs = true;
  } catch {
    // Node.js loads what it can.
  }
  return isForCommonJs;
}

function registerOnce(): Promise<boolean> {
  registered ??= registerTsx();
  return registered;
}

/** Loads modules, then ends the transpiler, once for all of them. */
export async function whileLoading<T>(load: () => Promise<T>): Promise<T> {
  loads++;
  try {
    return await load();
  } finally {
    loads--;
    // Another system of this process may be loading too, and would lose what it waits for.
    if (loads === 0) endTranspiler((await registered?.catch(() => false)) === true);
  }
}

/** Resolves to true. */
async function registerTsx(): Promise<boolean> {
  const { register } = await import('tsx/esm/api');
  const hooks = module as { registerHooks?: (...of: unknown[]) => unknown };
  const { registerHooks } = hooks;
  if (registerHooks === undefined) register();
  else {
    hooks.registerHooks = (...of) => {
      isInThisThread = true;
      return registerHooks(...of);
    };
    try {
      register();
    } finally {
      hooks.registerHooks = registerHooks;
    }
  }
  return true;
}

/** A process that was started by tsx loads TypeScript already; a second loader would load every module twice. */
function isTsxAtWork(): boolean {
  return process.execArgv.some((argument) => argument.includes('tsx'));
}

/**
 * esbuild's process would stay until this one ends: in every worker, and in the master after `shutdown()`. It belongs to
 * the thread of the loader hooks, so that is where it is told; for CommonJS, to this one. A later import starts it again.
 */
function endTranspiler(isRegistered: boolean): void {
  if (!isRegistered && !isForCommonJs) return;
  try {
    const require = module.createRequire(module.createRequire(import.meta.url).resolve('tsx/esm/api'));
    if (isInThisThread || isForCommonJs) require('esbuild').stop();
    if (isInThisThread || !isRegistered) return;
    const esbuild = pathToFileURL(require.resolve('esbuild')).href;
    const order = `import esbuild from ${JSON.stringify(esbuild)}; esbuild.stop();`;
    module.register(`data:text/javascript,${encodeURIComponent(order)}`);
  } catch {
    // Another build of tsx may do without: then there is nothing to end.
  }
}
