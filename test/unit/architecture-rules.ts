/**
 * The invariants of the house, checked on the text of its sources. Text, not a compiler's view: a type import
 * disappears when compiled, but it is a dependency for whoever reads the code.
 */
import { posix } from 'node:path';

/** Path inside src/ → text. */
export type Sources = Readonly<Record<string, string>>;

/** From the roof to the ground: a room imports only from rooms after it. */
export const ROOMS: readonly string[] = [
  'cli',
  'cli-ground',
  'index',
  'testkit',
  'simulation',
  'doubles',
  'xstate',
  'rabbitmq',
  'client',
  'client-links',
  'actor-system',
  'dashboard',
  'web',
  'exposition',
  'worker',
  'worker-socket',
  'process',
  'gateway',
  'system',
  'inspection',
  'machine-routing',
  'machine-hand-over',
  'machine-routes',
  'handoff',
  'routing',
  'peer',
  'frames',
  'machine-hosting',
  'master',
  'placement-service',
  'worker-pool',
  'data-dir',
  'store-service',
  'durability',
  'commit',
  'resending',
  'membership',
  'machine-links',
  'directory',
  'store-postgres',
  'store',
  'journal',
  'actor',
  'supervision',
  'placement',
  'machines',
  'client-wire',
  'wire',
  'tracing',
  'pubsub',
  'log-relay',
  'observe',
  'vocabulary',
  'plain-data',
  'structures',
  'node-version',
];

export const FILE_LINES_MAX = 400;
/** A larger room is two. The kernel is one, whose files know each other. */
export const ROOM_LINES_MAX = 2_500;
const LARGE_ROOM = 'actor';

/** Files at the top of src/, and the room that each belongs to. */
const TOP_FILES: Record<string, string> = {
  'index.ts': 'index',
  'actor-system.ts': 'actor-system',
  'options.ts': 'actor-system',
  'node-version.ts': 'node-version',
  'os-signals.ts': 'actor-system',
};

/** Room → rooms and modules that it must not know, though its floor alone would let it. */
const FORBIDDEN_IMPORTS: Record<string, readonly string[]> = {
  gateway: ['master', 'worker-pool', 'worker', 'data-dir', 'store', 'store-service', 'durability', 'cluster'],
  'worker-socket': [
    'master',
    'worker-pool',
    'worker',
    'process',
    'data-dir',
    'store',
    'store-service',
    'durability',
    'cluster',
  ],
  dashboard: ['master', 'worker-pool', 'worker', 'data-dir', 'store', 'store-service', 'durability', 'cluster'],
  rabbitmq: ['actor-system', 'gateway', 'client', 'process', 'master', 'worker', 'worker-pool', 'data-dir', 'store'],
  client: ['actor-system', 'gateway', 'system', 'durability', 'store'],
  'client-links': ['actor-system', 'gateway', 'system', 'durability', 'store'],
  master: ['actor', 'peer', 'frames', 'store'],
  'placement-service': ['actor', 'peer', 'frames', 'store'],
  'worker-pool': ['actor', 'peer', 'frames', 'store'],
  worker: ['master', 'worker-pool'],
  process: ['master', 'worker-pool', 'data-dir'],
  system: ['master', 'worker-pool', 'data-dir'],
  inspection: ['master', 'worker-pool', 'data-dir', 'peer', 'frames', 'routing'],
  'machine-routing': ['master', 'worker-pool', 'store'],
  'machine-hand-over': ['master', 'worker-pool', 'store'],
  'machine-routes': ['master', 'worker-pool', 'store'],
  handoff: ['master', 'worker-pool', 'store'],
  routing: ['master', 'worker-pool', 'store'],
  peer: ['master', 'worker-pool', 'store'],
  frames: ['master', 'worker-pool', 'store'],
  actor: ['wire', 'placement', 'cluster', 'net'],
  supervision: ['net', 'tls', 'dgram', 'timers', 'perf_hooks'],
  placement: ['net', 'tls', 'dgram', 'timers', 'perf_hooks'],
  machines: ['net', 'tls', 'dgram', 'timers', 'perf_hooks', 'wire'],
};

/** What a client loads, through any number of files, has none of these; type imports are gone by then. */
const LIGHT_ENTRIES: Record<string, readonly string[]> = {
  'client/index.ts': ['lmdb', 'xstate', 'cluster', 'pino', 'nanoid', 'worker_threads', 'child_process'],
};
const TYPE_IMPORT = /\b(?:import|export)\s+type\b[^'"`;]*?\bfrom\s*['"][^'"]+['"];?/g;

const PURE_ROOMS = ['supervision', 'placement', 'machines'];
const IMPURE =
  /\b(setTimeout|setInterval|setImmediate|performance|hrtime)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b/g;

const ONE_DOOR_PACKAGES = ['@opentelemetry/api', 'amqplib', 'cluster', 'commander', 'lmdb', 'msgpackr', 'nanoid', 'pg'];
const XSTATE_FILES = ['worker-pool/worker-machine.ts', 'actor/xstate-actor.ts'];
const NAMELESS = /^(utils?|helpers?|common|types?)$/;

/** Every breach, as `<rule>: <where> …`; empty when the house stands. */
export function breaches(sources: Sources): string[] {
  return [
    ...breachesOfFloors(sources),
    ...breachesOfForbiddenImports(sources),
    ...breachesOfPurity(sources),
    ...breachesOfDoors(sources),
    ...breachesOfCells(sources),
    ...circles(sources),
    ...breachesOfShape(sources),
    ...breachesOfLightEntries(sources),
  ];
}

/** The specifiers that a source imports or exports from, in order of form, not of place. */
export function importsOf(source: string): string[] {
  const code = withoutComments(source);
  const forms = [
    /\b(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/g,
    /\bimport\s*['"]([^'"]+)['"]/g,
    /\b(?:import|require|getBuiltinModule)\s*\(\s*['"`]([^'"`]+)['"`]/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] as string));
}

function withoutComments(source: string): string {
  // Strings are matched too, so that what looks like a comment inside one stays.
  const stringOrComment = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\/.*|\/\*[\s\S]*?\*\//g;
  return source.replace(stringOrComment, (text) => (text.startsWith('/') ? ' ' : text));
}

function roomOf(path: string): string | undefined {
  const room = path.includes('/') ? path.slice(0, path.indexOf('/')) : TOP_FILES[path];
  return room !== undefined && ROOMS.includes(room) ? room : undefined;
}

/** A file of the house by its path inside src/; anything else by its name, without `node:` and subpath. */
function target(importer: string, specifier: string): { file: string } | { module: string } {
  if (specifier.startsWith('.')) return { file: posix.join(posix.dirname(importer), specifier) };
  if (specifier === 'troupe') return { file: 'index.ts' };
  if (specifier.startsWith('troupe/')) return { file: `${specifier.slice('troupe/'.length)}/index.ts` };
  return { module: specifier.replace(/^node:/, '').replace(/^(@[^/]+\/[^/]+|[^@/][^/]*).*$/, '$1') };
}

function targetsOf(path: string, source: string): ReturnType<typeof target>[] {
  return importsOf(source).map((specifier) => target(path, specifier));
}

function breachesOfFloors(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, source] of Object.entries(sources)) {
    const room = roomOf(path);
    if (room === undefined) found.push(`room: ${path} belongs to none`);
    for (const imported of targetsOf(path, source)) {
      if (!('file' in imported) || room === undefined) continue;
      const other = roomOf(imported.file);
      if (other === undefined) found.push(`room: ${path} imports ${imported.file}, which belongs to none`);
      else if (ROOMS.indexOf(other) < ROOMS.indexOf(room))
        found.push(`floor: ${path} imports ${imported.file} above it`);
    }
  }
  return found;
}

function breachesOfForbiddenImports(sources: Sources): string[] {
  const found: string[] = [];
  for (const [path, source] of Object.entries(sources)) {
    const forbidden = FORBIDDEN_IMPORTS[roomOf(path) ?? ''] ?? [];
    for (const imported of targetsOf(path, source)) {
      const name = 'file' in imported ? roomOf(imported.file) : imported.module;
      if (name !== undefined && forbidden.includes(name)) found.push(`forbidden: ${path} imports ${name}`);
    }
  }
  return found;
}

function breachesOfPurity(sources: Sources): string[] {
  return Object.entries(sources)
    .filter(([path]) => PURE_ROOMS.includes(roomOf(path) ?? ''))
    .flatMap(([path, source]) =>
      [...withoutComments(source).matchAll(IMPURE)].map((match) => `pure: ${path} uses ${match[0]}`),
    );
}

function breachesOfDoors(sources: Sources): string[] {
  const found: string[] = [];
  const importersOf = (name: string): string[] =>
    Object.entries(sources)
      .filter(([path, source]) =>
        targetsOf(path, source).some((imported) => 'module' in imported && imported.module === name),
      )
      .map(([path]) => path);
  for (const name of ONE_DOOR_PACKAGES) {
    const importers = importersOf(name);
    if (importers.length > 1) found.push(`door: ${name} is imported by ${importers.join(' and ')}`);
  }
  for (const path of importersOf('xstate')) {
    if (!XSTATE_FILES.includes(path)) found.push(`door: xstate is imported by ${path}`);
  }
  return found;
}

/** `cell.x = …`, `cell.own.x ??= …`, `cell.x++`, and whatever else writes a field of something that is called a cell. */
const CELL_WRITE =
  /\b(?:\w*[cC]ell|again)(?:\.own)?\.(\w+)\s*(?:(?:[-+*/%&|^]|<<|>>>?|\*\*|&&|\|\||\?\?)?=(?![=>])|\+\+|--)/g;
const STATUS_WRITER = 'actor/cell.ts';

/** A cell is written in its own room, and its status in its own file. */
function breachesOfCells(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    [...withoutComments(source).matchAll(CELL_WRITE)]
      .filter(([, field]) => (field === 'status' ? path !== STATUS_WRITER : !path.startsWith('actor/')))
      .map(([, field]) => `cell: ${path} writes ${field}`),
  );
}

function breachesOfLightEntries(sources: Sources): string[] {
  const found: string[] = [];
  for (const [entry, heavy] of Object.entries(LIGHT_ENTRIES)) {
    const seen = new Set([entry]);
    // A set is gone through with what is added to it meanwhile.
    for (const path of seen) {
      for (const loaded of targetsOf(path, (sources[path] ?? '').replace(TYPE_IMPORT, ''))) {
        if ('file' in loaded) seen.add(loaded.file);
        else if (heavy.includes(loaded.module)) found.push(`light: ${entry} loads ${loaded.module} by ${path}`);
      }
    }
  }
  return found;
}

/** Depth first; a file met again while it is still open closes a circle. */
function circles(sources: Sources): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const open: string[] = [];
  const visit = (path: string): void => {
    if (open.includes(path)) {
      found.push(`circle: ${[...open.slice(open.indexOf(path)), path].join(' → ')}`);
      return;
    }
    const source = sources[path];
    if (source === undefined || done.has(path)) return;
    open.push(path);
    for (const imported of targetsOf(path, source)) if ('file' in imported) visit(imported.file);
    open.pop();
    done.add(path);
  };
  for (const path of Object.keys(sources)) visit(path);
  return found;
}

function breachesOfShape(sources: Sources): string[] {
  const found: string[] = [];
  const roomLines = new Map<string, number>();
  for (const [path, source] of Object.entries(sources)) {
    const lines = source.trimEnd().split('\n').length;
    if (lines > FILE_LINES_MAX) found.push(`shape: ${path} has ${lines} lines`);
    const names = path.replace(/\.ts$/, '').split('/');
    if (names.some((name) => NAMELESS.test(name))) found.push(`shape: ${path} is named after no noun of the field`);
    const room = roomOf(path) ?? '';
    roomLines.set(room, (roomLines.get(room) ?? 0) + lines);
  }
  for (const [room, lines] of roomLines)
    if (lines > ROOM_LINES_MAX && room !== LARGE_ROOM) found.push(`shape: the room ${room} has ${lines} lines`);
  return found;
}
