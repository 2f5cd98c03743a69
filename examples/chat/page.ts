/** The page's files, as they lie in public/: read at once, so that no request reaches the file system. */
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';

const FOLDER = new URL('./public/', import.meta.url);
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy': "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
};

const files = new Map(readdirSync(FOLDER).map((name) => [`/${name}`, readFileSync(new URL(name, FOLDER))]));

export function servePage({ method, url = '/' }: IncomingMessage, response: ServerResponse): void {
  const [path = '/'] = url.split('?', 1);
  const name = path === '/' ? '/index.html' : path;
  const file = method === 'GET' || method === 'HEAD' ? files.get(name) : undefined;
  if (!file) {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('Nothing is here.\n');
    return;
  }
  response
    .writeHead(200, { ...HEADERS, 'content-type': TYPES[extname(name)] })
    .end(method === 'HEAD' ? undefined : file);
}
