/**
 * The page of a system, built by vite into dist/page. Fails where a file of it would be fetched from elsewhere, or where
 * its first load is larger than it may be.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const FOLDER = fileURLToPath(new URL('../dist/page', import.meta.url));
/** Of all files that the first screen needs, packed. */
const FIRST_LOAD_BYTES_MAX = 60 * 1024;

await build({ configFile: fileURLToPath(new URL('../dashboard/vite.config.ts', import.meta.url)) });

const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
const texts = files.map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
if (bytes > FIRST_LOAD_BYTES_MAX)
  throw new Error(`the page has ${bytes} bytes, packed; expected at most ${FIRST_LOAD_BYTES_MAX}`);
const html = texts[files.findIndex(({ name }) => name === 'index.html')];
if (/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=/.test(html))
  throw new Error('the page has an inline script or style');
