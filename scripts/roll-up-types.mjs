/**
 * One declaration file for each door of the package, in place of the one per source that the compiler writes: what hovers
 * and reviews show is in one place, and nothing inside can be imported by its path. api-extractor does it, with a TypeScript of its own,
 * since the one that compiles this project has no interface for programs. It also writes the report of each door (dist/api), which
 * docs/api keeps; `--accept` puts the new reports there.
 *
 * A name has one home: what `troupe` exports is imported from there by the other doors, or a definition of the one would be another
 * type than a definition of the other.
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DECLARATIONS = join(ROOT, 'build/declarations');
/** A folder in it for each door. */
const STAGE = join(ROOT, 'build/stage');
const REPORTS = join(ROOT, 'dist/api');
const ACCEPTED = join(ROOT, 'docs/api');
const DOORS = [
  { name: 'troupe', entry: 'index.d.ts' },
  { name: 'troupe/client', entry: 'client/index.d.ts' },
  { name: 'troupe/rabbitmq', entry: 'rabbitmq/index.d.ts' },
  { name: 'troupe/xstate', entry: 'xstate/index.d.ts' },
  { name: 'troupe/testkit', entry: 'testkit/index.d.ts' },
];
/** `import type { A, type B as C } from './x.ts'`, and the same of `export`. */
const STATEMENT = /^(import|export)( type)? \{([^}]*)\} from '(\.[^']*)';$/gm;
/** Before the name of another door while one is rolled up: no compiler finds such a package here, so it counts as one from elsewhere. */
const AS_PACKAGE = 'door:';
const DOOR_IMPORT = /from 'door:([^']+)'/g;
const OWN_EXPORT = /^export type \{([^}]*)\};$/gm;

/** Path below build/declarations → text. */
function readDeclarations() {
  const paths = readdirSync(DECLARATIONS, { recursive: true }).map((path) => path.replaceAll('\\', '/'));
  const files = paths.filter((path) => path.endsWith('.d.ts'));
  return new Map(files.map((path) => [path, readFileSync(join(DECLARATIONS, path), 'utf8')]));
}

function targetOf(path, specifier) {
  return posix.join(posix.dirname(path), specifier).replace(/(\.d)?\.(ts|js)$/, '.d.ts');
}

/** `type A as B` in its parts. */
function namesOf(list) {
  const parts = list.split(',').map((each) => each.trim().replace(/^type /, ''));
  return parts.filter(Boolean).map((each) => {
    const [name, as = name] = each.split(' as ');
    return { name, as };
  });
}

function statementsOf(text) {
  return [...text.matchAll(STATEMENT)].map(([, verb, , list, specifier]) => ({
    verb,
    specifier,
    names: namesOf(list),
  }));
}

/** `<file>#<name>` of the file that declares what a file exports under a name. */
function originOf(sources, path, wanted) {
  const text = sources.get(path);
  if (text === undefined) throw new Error(`expected declarations of ${path}; got none`);
  const isPassedOn = [...text.matchAll(OWN_EXPORT)].some(([, list]) => namesOf(list).some(({ as }) => as === wanted));
  for (const { verb, specifier, names } of statementsOf(text)) {
    const found = (verb === 'export' || isPassedOn) && names.find(({ as }) => as === wanted);
    if (found) return originOf(sources, targetOf(path, specifier), found.name);
  }
  return `${path}#${wanted}`;
}

/** What the entry of a door re-exports: origin → name. */
function exportsOf(sources, entry) {
  const found = new Map();
  for (const { verb, specifier, names } of statementsOf(sources.get(entry)))
    if (verb === 'export')
      for (const { name, as } of names) found.set(originOf(sources, targetOf(entry, specifier), name), as);
  return found;
}

/** The declarations as one door sees them: names of another door are imported from that one, as from another package. */
function stage(sources, { name: door, entry }) {
  const elsewhere = new Map();
  for (const { name, entry: other } of DOORS)
    if (other !== entry)
      for (const [origin, as] of exportsOf(sources, other)) elsewhere.set(origin, { door: name, as });
  const isOwn = exportsOf(sources, entry);
  for (const [path, text] of sources) {
    const staged = text.replace(STATEMENT, (statement, verb, type = '', list, specifier) => {
      const target = targetOf(path, specifier);
      const near = [];
      const far = [];
      for (const { name, as } of namesOf(list)) {
        const origin = originOf(sources, target, name);
        const home = isOwn.has(origin) ? undefined : elsewhere.get(origin);
        if (home) far.push(`${verb}${type} { ${home.as} as ${as} } from '${AS_PACKAGE}${home.door}';`);
        else near.push(`${name} as ${as}`);
      }
      if (far.length === 0) return statement;
      const rest = near.length > 0 ? [`${verb}${type} { ${near.join(', ')} } from '${specifier}';`] : [];
      return [...far, ...rest].join('\n');
    });
    const stagedPath = join(STAGE, door, path);
    mkdirSync(dirname(stagedPath), { recursive: true });
    writeFileSync(stagedPath, staged.replaceAll(/'(\.[^']*)\.ts'/g, "'$1.js'"));
  }
}

function stagedEntry({ name, entry }) {
  return join(STAGE, name, entry);
}

function reportOf(name) {
  return `${name.replace('/', '-')}.api.md`;
}

function configOf({ name, entry }) {
  const logged = (logLevel, addToApiReportFile = false) => ({ logLevel, addToApiReportFile });
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(ROOT, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: stagedEntry({ name, entry }),
      newlineKind: 'lf',
      enumMemberOrder: 'preserve',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            ...{ target: 'es2022', lib: ['es2023'], module: 'nodenext', types: ['node'], strict: true },
            ...{ exactOptionalPropertyTypes: true, skipLibCheck: true, noEmit: true },
          },
          files: [stagedEntry({ name, entry })],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: reportOf(name),
        reportFolder: REPORTS,
        reportTempFolder: join(STAGE, 'reports'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: true, untrimmedFilePath: join(ROOT, 'dist', entry) },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: logged('none') },
        // Tests look for what is not exported or has no doc comment; the rest are matters of style of another house.
        extractorMessageReporting: { default: logged('none') },
        tsdocMessageReporting: { default: logged('none') },
      },
    },
  });
}

/** The doors refer to each other by path: that holds without the package's own name, and in a copy of it. */
function writeOwnPaths({ name, entry }) {
  const path = join(ROOT, 'dist', entry);
  const text = readFileSync(path, 'utf8').replaceAll(DOOR_IMPORT, (_, other) => {
    const door = DOORS.find((each) => each.name === other);
    const way = posix.relative(posix.dirname(entry), door.entry.replace(/\.d\.ts$/, '.js'));
    return `from '${way.startsWith('.') ? way : `./${way}`}'`;
  });
  writeFileSync(path, text);
  const report = join(REPORTS, reportOf(name));
  writeFileSync(report, readFileSync(report, 'utf8').replaceAll(AS_PACKAGE, ''));
}

const sources = readDeclarations();
mkdirSync(REPORTS, { recursive: true });
rmSync(STAGE, { recursive: true, force: true });
for (const door of DOORS) stage(sources, door);
const configs = DOORS.map(configOf);
// One program for all: the declarations of the language and of Node.js are most of what there is to read.
const [first, ...others] = configs;
const compilerState = CompilerState.create(first, {
  additionalEntryPoints: others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
});
for (const [at, door] of DOORS.entries()) {
  mkdirSync(dirname(join(ROOT, 'dist', door.entry)), { recursive: true });
  const { errorCount } = Extractor.invoke(configs[at], {
    compilerState,
    localBuild: true,
    messageCallback: (message) => {
      message.handled = message.logLevel !== 'error';
    },
  });
  if (errorCount > 0) process.exitCode = 1;
  writeOwnPaths(door);
}
rmSync(STAGE, { recursive: true, force: true });
if (process.argv.includes('--accept')) cpSync(REPORTS, ACCEPTED, { recursive: true });
