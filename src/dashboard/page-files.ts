/** The files of the page, as vite has built them, and the policy under which nothing runs but they. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Route, WebRequest } from '../web/route.ts';
import { fileAnswer, readFiles } from './static-files.ts';

/** In dist/, where vite has built them. */
export const PAGE_FOLDER: URL = new URL('../page/', import.meta.url);

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  // Panels of kinds; a frame goes nowhere else either.
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** They show nothing of the system: everybody may have them. There are none where the package was not built. */
export function pageFileRoutes(folder: URL = PAGE_FOLDER): Route[] {
  const path = fileURLToPath(folder);
  const files = existsSync(path) ? readFiles(path) : new Map();
  const route = (at: string, fileOf: (request: WebRequest) => string, caching: string): Route => ({
    ...{ method: 'GET', path: at, needs: 'none' },
    handle: (request) =>
      fileAnswer(files.get(fileOf(request)), request, { 'content-security-policy': POLICY, 'cache-control': caching }),
  });
  return [
    route('/', () => 'index.html', 'no-cache'),
    // Names of files change with what is in them.
    route('/assets/*', ({ rest }) => `assets/${rest}`, 'public, max-age=31536000, immutable'),
  ];
}
