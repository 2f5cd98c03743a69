/** Static files of a folder: read once, into memory, and served as they are, packed for those who take it so. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Answer, type WebRequest, WebRefusal } from '../web/route.ts';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  webp: 'image/webp',
  woff2: 'font/woff2',
};

export interface StaticFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly packed: Buffer;
}

/** By their paths in the folder, with slashes; files of other types, and links, are left out. `check`: of the bytes of each, before it is read. */
export function readFiles(folder: string, check: (bytes: number) => void = () => {}): Map<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(folder, '/').length).replaceAll('\\', '/');
    const type = TYPES[name.slice(name.lastIndexOf('.') + 1)];
    if (type === undefined) continue;
    check(statSync(path).size);
    const plain = readFileSync(path);
    files.set(name, { type, plain, packed: gzipSync(plain) });
  }
  return files;
}

/** Throws a `WebRefusal` where there is no such file. */
export function fileAnswer(
  file: StaticFile | undefined,
  { raw }: WebRequest,
  headers: Readonly<Record<string, string>>,
): Answer {
  if (file === undefined) throw new WebRefusal(404, 'nothing is at this path');
  const isPacked = /\bgzip\b/.test(String(raw.headers['accept-encoding'] ?? ''));
  return {
    type: file.type,
    headers: { ...headers, vary: 'accept-encoding', ...(isPacked && { 'content-encoding': 'gzip' }) },
    body: isPacked ? file.packed : file.plain,
  };
}
