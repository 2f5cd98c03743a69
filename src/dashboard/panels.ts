/**
 * Own panels: static files of the program, a folder for each kind, shown on the screen of an actor in a frame that can draw and nothing else. It has no
 * origin, so that no cookie and no address of the system is its own; the page gives it what it shows.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isKind } from '../vocabulary/address.ts';
import { asError, TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { Route } from '../web/route.ts';
import { fileAnswer, readFiles, type StaticFile } from './static-files.ts';

/** Files of all panels, and their bytes. */
export const PANEL_FILES_MAX = 1_000;
export const PANEL_BYTES_MAX: number = 32 * 1024 * 1024;
/** The file that a frame shows. */
export const PANEL_FILE = 'index.html';

const POLICY = [
  'sandbox allow-scripts',
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cache-control': 'no-cache',
  // A frame without an origin is a stranger to every address, this one too: modules and fonts would not load.
  'cross-origin-resource-policy': 'cross-origin',
  'access-control-allow-origin': '*',
};

export class Panels {
  readonly kinds: readonly string[];
  readonly #files = new Map<string, StaticFile>();
  #count = 0;
  #bytes = 0;

  /** `folder`: undefined for none. Throws INVALID_OPTIONS where it is not there, or has something else in it than panels. */
  constructor(folder: string | undefined) {
    this.kinds = folder === undefined ? [] : kindsIn(folder);
    for (const kind of this.kinds) {
      const files = readFiles(join(folder as string, kind), (size) => this.#weigh(size));
      if (!files.has(PANEL_FILE)) throw fault(`expected a file ${PANEL_FILE} for each kind; got none for '${kind}'`);
      for (const [name, file] of files) this.#files.set(`${kind}/${name}`, file);
    }
  }

  routes(): Route[] {
    if (this.kinds.length === 0) return [];
    return [
      {
        ...{ method: 'GET', path: '/panels/*', needs: 'none' },
        handle: (request) => fileAnswer(this.#files.get(request.rest), request, HEADERS),
      },
    ];
  }

  #weigh(bytes: number): void {
    this.#count++;
    this.#bytes += bytes;
    if (this.#count > PANEL_FILES_MAX || this.#bytes > PANEL_BYTES_MAX)
      throw fault(`expected at most ${PANEL_FILES_MAX} files with ${PANEL_BYTES_MAX} bytes; got more`);
  }
}

function kindsIn(folder: string): string[] {
  try {
    const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const odd = folders.find(({ name }) => !isKind(name));
    if (odd) throw new Error(`a folder ${inspect(odd.name)}`);
    return folders.map(({ name }) => name).sort();
  } catch (error) {
    throw fault(`expected a folder with a folder for each kind; got ${asError(error).message}`);
  }
}

function fault(text: string): TroupeError {
  return new TroupeError('INVALID_OPTIONS', `dashboard.panels: ${text}`);
}
