/** The files of the page, as vite has built them: read once, into memory, and served with a policy under which nothing runs but they. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Answer, type Route, type WebRequest, WebRefusal } from '../web/route.ts';

/** In dist/, where vite has built them. */
export const PAGE_FOLDER: URL = new URL('../page/', import.meta.url);

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

interface PageFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

/** They show nothing of the system: everybody may have them. There are none where the package was not built. */
export function pageFileRoutes(folder: URL = PAGE_FOLDER): Route[] {
  const files = readFiles(fileURLToPath(folder));
  const route = (path: string, fileOf: (request: WebRequest) => string, isLasting: boolean): Route => ({
    ...{ method: 'GET', path, needs: 'none' },
    handle: (request) => answer(files.get(fileOf(request)), request, isLasting),
  });
  return [route('/', () => 'index.html', false), route('/assets/*', ({ rest }) => `assets/${rest}`, true)];
}

function readFiles(folder: string): Map<string, PageFile> {
  const names = existsSync(folder) ? readdirSync(folder, { recursive: true, withFileTypes: true }) : [];
  const files = new Map<string, PageFile>();
  for (const entry of names.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length).replaceAll('\\', '/');
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    const plain = readFileSync(path);
    if (type !== undefined) files.set(name, { type, plain, packed: gzipSync(plain) });
  }
  return files;
}

function answer(file: PageFile | undefined, { raw }: WebRequest, isLasting: boolean): Answer {
  if (file === undefined) throw new WebRefusal(404, 'nothing is at this path');
  const isPacked = /\bgzip\b/.test(String(raw.headers['accept-encoding'] ?? ''));
  return {
    type: file.type,
    headers: {
      'content-security-policy': POLICY,
      // Names of files change with what is in them.
      'cache-control': isLasting ? 'public, max-age=31536000, immutable' : 'no-cache',
      vary: 'accept-encoding',
      ...(isPacked && { 'content-encoding': 'gzip' }),
    },
    body: isPacked ? file.packed : file.plain,
  };
}
