/** The sources of the house, and its papers, as a test reads them. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Sources } from './architecture-rules.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Paths of files inside a folder of the project, with slashes. */
export function filesIn(folder: string, ending: string): string[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith(ending));
}

export function readText(path: string): string {
  return readFileSync(`${ROOT}${path}`, 'utf8');
}

export function readSources(): Sources {
  return Object.fromEntries(filesIn('src', '.ts').map((path) => [path, readText(`src/${path}`)]));
}
