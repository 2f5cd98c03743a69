/**
 * Runs the model of the hand-off (docs/model/handoff.pml): the protocol, which must show no error, and its mutants, each
 * of which must show one. Needs `spin` and `gcc`; a model checker is no dependency of the package.
 *
 *   npm run model                    everything, one run at a time
 *   npm run model -- flush           the runs whose names or settings contain a word
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MODEL = fileURLToPath(new URL('../docs/model/handoff.pml', import.meta.url));
/** Seconds and megabytes of one run. */
const RUN_S_MAX = 290;
const RUN_MB_MAX = 8_000;
const DEPTH_MAX = 2_000_000;

const PROTOCOL = [
  'M0=1 EX=1 BUSY=1',
  'M1=1 EX=1',
  'M0=2 EX=1',
  'CR=1',
  'M0=1 CR=1',
  'M0=1 EX=1 CR=1',
  'M1=1 CR=1 N0=2',
  'M0=1 CR=1 RF=1 N0=2',
  'M0=1 EX=1 N0=2 N1=2',
  'M0=1 CR=1 N0=2 N1=2',
  'M0=1 M1=1 N0=2',
  'M0=1 M1=1 N0=2 N1=1',
  'M0=1 M1=1 ABSENT=1 RF=1 N0=2',
  'M0=1 EX=1 PUB=4',
  'M0=1 CR=1 PUB=4',
  'M0=1 M1=1 PUB=2 N0=2',
];

/** Too large to be searched to the end: no error as far as it goes. Run with `npm run model -- long`. */
const LONG = ['M0=1 M1=1 EX=1 N0=2', 'M0=1 M1=1 N0=2 N1=2', 'M0=1 M1=1 CR=1 N0=2'];

/** Name, the rule's number in the model, settings. */
const MUTANTS = [
  ['release before the flush markers', 0, 'M0=1 EX=1'],
  ['no epoch wait', 1, 'CR=1'],
  ['dead link not read to its end', 2, 'CR=1'],
  ['no flush by the moving sender', 3, 'M1=1'],
  ['end of a link not counted', 4, 'M0=1 CR=1'],
  ['held outbound mail stays', 5, 'M0=1 M1=1 DFS=1'],
  ['held outbound mail taken late', 6, 'M0=1 M1=1 DFS=1'],
  ['unsent tail of a dead link stays', 7, 'M1=1 CR=1 DFS=1'],
  ['run at install', 8, 'M0=1 EX=1'],
  ['any table releases', 9, 'M0=1 M1=1 EX=1 DFS=1'],
  ['no move ids', 10, 'M0=2 EX=2 DFS=1'],
  ['placed elsewhere when the old host dies', 11, 'M0=1 CR=1'],
  ['standing holds not told to a new worker', 12, 'M0=1 M1=1 ABSENT=1 RF=1 DFS=1'],
  ['late mail dropped', 13, 'M0=1'],
  ['resumed before its transferred state is back', 14, 'M0=1 M1=1 EX=2 DFS=1'],
  ['publish not exempt behind the hold', 15, 'M0=1 PUB=4'],
  ['publish not held', 16, 'M0=1 PUB=4'],
  ['new host takes older publishes', 17, 'M0=1 PUB=4'],
  ['exempt by the marker of the old host', 18, 'M0=1 PUB=4'],
  ['exempt by marker, end by deadline', 18, 'M0=1 EX=1 PUB=4'],
  ['publish under the epoch of its frame', 19, 'M0=1 PUB=4'],
  ['old host holds publishes from the hold on', 20, 'M0=1 PUB=4'],
  ['fresh subscriber takes older publishes', 21, 'CR=1 PUB=4'],
];

/** What the assertion of a promise looks like in the checker's words. */
const PROMISES = [
  [/living\[.*==0/, 'two incarnations (1)'],
  [/last\[/, 'a swap or a duplicate (2, 3)'],
  [/lost\[/, 'a loss (4)'],
  [/done\[|place\[|held\[/, 'stuck (4)'],
];

const words = process.argv.slice(2);
for (const tool of ['spin', 'gcc']) {
  try {
    execFileSync('which', [tool], { stdio: 'ignore' });
  } catch {
    console.log(`the model is run where spin and gcc are; got no ${tool}`);
    process.exit(0);
  }
}
setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

let faults = 0;
console.log(row('', 'settings', 'outcome', 'states', 'depth', 's'));
for (const settings of PROTOCOL) await check('the protocol', settings, false);
for (const [name, rule, settings] of MUTANTS) await check(name, `${settings} MUT=${2 ** rule}`, true);
if (words.includes('long')) for (const settings of LONG) await check('long: the protocol', settings, false);
process.exitCode = faults > 0 ? 1 : 0;

async function check(name, settings, isMutant) {
  if (words.length > 0 && !words.some((word) => `${name} ${settings}`.includes(word))) return;
  const { outcome, states, depth, seconds } = await run(settings, isMutant);
  const isFound = PROMISES.some(([, text]) => text === outcome);
  const isAsFar = outcome === 'not finished' && name.startsWith('long');
  const isAsExpected = isMutant ? isFound : outcome === 'no error' || isAsFar;
  if (!isAsExpected) faults++;
  console.log(row(name, settings, `${outcome}${isAsExpected ? '' : '  <-- not expected'}`, states, depth, seconds));
}

/** A mutant is searched breadth first: its counterexample is the shortest. */
async function run(settings, isMutant) {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-model-'));
  try {
    const defines = settings.split(' ').map((setting) => `-D${setting}`);
    const options = { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] };
    execFileSync('spin', ['-a', ...defines, MODEL], options);
    const search = isMutant && !settings.includes('DFS') ? ['-DBFS'] : [];
    const limits = ['-DSAFETY', '-DCOLLAPSE', '-DVECTORSZ=4096', `-DMEMLIM=${RUN_MB_MAX}`];
    execFileSync('gcc', ['-O0', '-w', ...limits, ...search, '-o', 'pan', 'pan.c'], options);
    return read(await output(join(folder, 'pan'), [`-m${DEPTH_MAX}`, '-n'], folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function output(command, args, cwd) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    const timer = setTimeout(() => child.kill('SIGINT'), RUN_S_MAX * 1000);
    child.stdout.on('data', (chunk) => (text += chunk));
    child.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

function read(text) {
  const violated = /assertion violated (.*?) \(at depth/.exec(text)?.[1];
  const isWhole = !/Search not completed|out of memory|search depth too small|reached -DMEMLIM|Interrupted/.test(text);
  let outcome = isWhole ? 'no error' : 'not finished';
  if (violated) outcome = PROMISES.find(([pattern]) => pattern.test(violated))?.[1] ?? `violated: ${violated}`;
  else if (!/errors: 0/.test(text)) outcome = `no verdict: ${text.slice(0, 200)}`;
  return {
    outcome,
    states: /(\d+(?:\.\d+e\+\d+)?) states, stored/.exec(text)?.[1] ?? '',
    depth: /depth reached (\d+)/.exec(text)?.[1] ?? '',
    seconds: /elapsed time ([\d.]+)/.exec(text)?.[1] ?? '',
  };
}

function row(name, settings, outcome, states, depth, seconds) {
  return `| ${name.padEnd(44)} | ${settings.padEnd(40)} | ${outcome.padEnd(30)} | ${states.padStart(9)} | ${depth.padStart(5)} | ${seconds.padStart(6)} |`;
}
