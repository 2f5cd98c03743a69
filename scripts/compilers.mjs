/**
 * Reads the package with each line of TypeScript that it promises to work with: a program of a user is compiled against it, strictly, its
 * declarations included. 7 compiles this project, 6 comes with api-extractor; 5.4 and 5.9 are installed on first use, in a folder of
 * their own, so that `npm ci` stays small and node_modules/.bin/tsc is one compiler only.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const HOME = fileURLToPath(new URL('./compilers', import.meta.url));
/** An install, or a compilation, that takes longer hangs. */
const STEP_MS_MAX = 300_000;
const INSTALLED = ['5.4', '5.9'];
/** What a user of the package has beside it. */
const PEERS = ['xstate', '@types/node', 'undici-types'];
const OPTIONS = {
  ...{ target: 'es2022', lib: ['es2023'], types: ['node'], strict: true, noEmit: true },
  ...{ noUncheckedIndexedAccess: true, verbatimModuleSyntax: true },
};
const SETTINGS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: false },
  // The declarations of xstate 5.33 do not stand `exactOptionalPropertyTypes` themselves.
  bundler: { module: 'esnext', moduleResolution: 'bundler', exactOptionalPropertyTypes: true, skipLibCheck: true },
};

/** `tsc` of a package that lies in a folder. */
function tscOf(folder) {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return { version, program: join(folder, 'bin', 'tsc') };
}

function ownCompilers() {
  const require = createRequire(createRequire(import.meta.url).resolve('@microsoft/api-extractor'));
  const six = dirname(require.resolve('typescript/package.json'));
  return [tscOf(six), tscOf(join(ROOT, 'node_modules', 'typescript'))];
}

function installedCompilers(faults) {
  const folders = INSTALLED.map((line) => join(HOME, 'node_modules', `typescript-${line}`));
  if (!folders.every((folder) => existsSync(join(folder, 'package.json')))) {
    const args = ['ci', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'];
    const { status, stderr } = spawnSync('npm', args, { cwd: HOME, encoding: 'utf8', timeout: STEP_MS_MAX });
    if (status !== 0) {
      const text = `TypeScript ${INSTALLED.join(' and ')} could not be installed`;
      if (process.env.TROUPE_COMPILERS === 'required') faults.push(`${text}: ${stderr}`);
      else console.log(`${text}: not tried`);
      return [];
    }
  }
  return folders.map(tscOf);
}

function compile({ version, program }, folder, setting) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, '-p', join(folder, `${setting}.json`)], {
      timeout: STEP_MS_MAX,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
    child.on('close', (code, signal) =>
      resolve(code === 0 ? [] : [`TypeScript ${version}, ${setting}: ${said || (signal ?? `exit code ${code}`)}`]),
    );
  });
}

/** A folder as a user has one, with the package in its node_modules. */
function layOut(folder, packageFolder) {
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@types'), { recursive: true });
  cpSync(packageFolder, join(modules, 'troupe'), { recursive: true });
  for (const peer of PEERS) symlinkSync(join(ROOT, 'node_modules', peer), join(modules, peer));
  cpSync(join(HOME, 'consumer.ts'), join(folder, 'consumer.ts'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  for (const [name, of] of Object.entries(SETTINGS))
    writeFileSync(
      join(folder, `${name}.json`),
      JSON.stringify({ compilerOptions: { ...OPTIONS, ...of }, files: ['consumer.ts'] }),
    );
}

/** What each compiler says of a program that uses the package; nothing where all is well. */
export async function faultsOfTypes(folder, packageFolder) {
  const faults = [];
  const compilers = [...installedCompilers(faults), ...ownCompilers()];
  layOut(folder, packageFolder);
  const jobs = compilers.map((one) => ['nodenext', one]);
  jobs.push(['bundler', compilers.at(-1)]);
  // One after the other: each takes a core and some 200 MB.
  for (const [setting, compiler] of jobs) faults.push(...(await compile(compiler, folder, setting)));
  console.log(`read with TypeScript ${compilers.map(({ version }) => version).join(', ')}`);
  return faults;
}
