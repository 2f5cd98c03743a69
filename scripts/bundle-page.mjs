/**
 * One file of `troupe/client` for pages (dist/client/page.js, the condition `browser` of its export): no bundler is needed to
 * use it, and whatever the codec takes from Node.js comes from src/client/page. Fails where something else of Node.js is left.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PAGE = join(ROOT, 'build/client/page');
const FILE = join(ROOT, 'dist/client/page.js');
const IN_PLACE_OF = {
  'node:buffer': 'buffer.js',
  'node:util': 'value-kinds.js',
  'node:crypto': 'crypto.js',
  'node:v8': 'v8.js',
  'node:async_hooks': 'async-hooks.js',
};

const alias = Object.fromEntries(Object.entries(IN_PLACE_OF).map(([name, file]) => [name, join(PAGE, file)]));
const bundle = await rolldown({
  input: join(PAGE, 'index.js'),
  platform: 'browser',
  resolve: { alias },
  logLevel: 'warn',
});
await bundle.write({ file: FILE, format: 'esm', minify: true, comments: { legal: true } });
await bundle.close();

const left = readFileSync(FILE, 'utf8').match(/^import .*$|\brequire\(|['"]node:[a-z_]+['"]/gm);
if (left !== null) throw new Error(`a page has no modules of Node.js; ${FILE} needs ${left.join(', ')}`);
