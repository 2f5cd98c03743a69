/**
 * The reference of the API, from the doc comments: `npm run docs:api` writes it to dist-reference/ as pages for a browser. It reads the
 * declarations that the package ships, one for each entry, so that it says what a hover says, and nothing of the inside.
 * A link that leads nowhere, a type of a signature that is not exported, a tag that is none: each is an error.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const HOME = fileURLToPath(new URL('./reference/', import.meta.url));
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ENTRIES = ['index', 'client/index', 'rabbitmq/index', 'xstate/index', 'testkit/index'];

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const [out = `${ROOT}dist-reference`] = process.argv.slice(2);
if (!existsSync(`${HOME}node_modules/.package-lock.json`))
  run('npm', ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'], HOME);
if (!existsSync(`${ROOT}dist/index.d.ts`)) {
  console.error('dist/ has no declarations: npm run build');
  process.exit(1);
}
run(
  process.execPath,
  [
    `${HOME}node_modules/typedoc/bin/typedoc`,
    ...['--tsconfig', `${HOME}tsconfig.json`, '--out', out, '--name', 'troupe', '--readme', 'none'],
    ...['--treatWarningsAsErrors', '--hideGenerator', '--disableSources', '--skipErrorChecking'],
    ...ENTRIES.map((entry) => `${ROOT}dist/${entry}.d.ts`),
  ],
  HOME,
);
