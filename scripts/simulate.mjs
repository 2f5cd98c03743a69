/**
 * Runs the simulation's own program (test/unit/simulation/main.ts), put together to a few files first: a loader that rewrites each module as it
 * is loaded gives every closure its name as it is made, which was a good part of a run. Each call has a folder of its own for them, which goes with it.
 *
 * It is put together twice: as it is, and with fewer shards. What dies or moves takes with it hundreds of shards in which nothing lives, one
 * like the other; with fewer of them the same actors are hosted, held and handed over, and some of them share one.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SIMULATION = join(ROOT, 'test', 'unit', 'simulation');
/** Below node_modules, so that the packages that it imports are found. */
const CACHE = join(ROOT, 'node_modules', '.cache');
/** As in src/, and the fewer ones of most programs of a hunt. */
const SHARDS = 1_024;
const FEW_SHARDS = 64;
/** Where the number of shards stands, and how many of them move at once: per file of src/ the constant, and what it is of fewer shards. */
const SIZES = {
  'placement/shard.ts': ['SHARDS = 1024;', (shards) => `SHARDS = ${shards};`],
  'machines/partition-table.ts': ['PARTITIONS = 1_024;', (shards) => `PARTITIONS = ${shards};`],
  'master/handoff-service.ts': [
    'UNITS_PER_MOVE = 32;',
    (shards) => `UNITS_PER_MOVE = ${Math.ceil((64 * shards) / SHARDS)};`,
  ],
};

/** Throws where a constant is not there any more: a run would say of itself what it is not. */
function fewerShards(shards) {
  const left = new Map(Object.entries(SIZES).map(([path, size]) => [join(ROOT, 'src', path), size]));
  return {
    name: 'fewer-shards',
    transform(code, id) {
      const size = left.get(id);
      if (!size) return undefined;
      left.delete(id);
      const [constant, ofShards] = size;
      if (!code.includes(constant)) throw new Error(`${id} says '${constant}'; got none`);
      return code.replace(constant, ofShards(shards));
    },
    buildEnd() {
      if (left.size > 0)
        throw new Error(`the simulation is built of ${[...left.keys()].join(' and ')}; got it without`);
    },
  };
}

async function build(folder, shards) {
  const bundle = await rolldown({
    input: { main: join(SIMULATION, 'main.ts'), 'hunt-part': join(SIMULATION, 'hunt-part.ts') },
    platform: 'node',
    external: (name, _, isResolved) => !isResolved && !/^[./]/.test(name),
    plugins: shards === SHARDS ? [] : [fewerShards(shards)],
    logLevel: 'warn',
  });
  await bundle.write({ dir: join(folder, String(shards)), format: 'esm', comments: false });
  await bundle.close();
}

mkdirSync(CACHE, { recursive: true });
const folder = mkdtempSync(join(CACHE, 'simulate-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

const args = process.argv.slice(2);
const given = args.indexOf('--shards');
const has = (...names) => args.some((arg) => names.includes(arg.split('=')[0]));
// Only a hunt has programs of both; a run that is replayed is of one.
const isHunt = has('--minutes', '--programs') || !has('--seed');
const sizes = given < 0 ? [SHARDS, ...(isHunt ? [FEW_SHARDS] : [])] : [Number(args[given + 1])];
if (!sizes.every((shards) => shards > 0 && shards <= SHARDS && Number.isInteger(Math.log2(shards))))
  throw new Error(`--shards is a power of two, at most ${SHARDS}; got ${args[given + 1]}`);
for (const shards of sizes) await build(folder, shards);
const { main } = await import(pathToFileURL(join(folder, String(sizes[0]), 'main.js')).href);
process.exitCode = await main(args);
