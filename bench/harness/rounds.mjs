/** Runs the systems in interleaved rounds, each in processes of its own, and gathers what they print. */
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const BENCH = join(import.meta.dirname, '..');
const PROGRAM_MS_MAX = 300_000;

/** Behind a package.json of its own, `troupe` is found by a link to the checkout. */
export function linkTroupe() {
  const link = join(BENCH, 'node_modules', 'troupe');
  if (existsSync(link)) return;
  mkdirSync(join(BENCH, 'node_modules'), { recursive: true });
  symlinkSync('../..', link, 'dir');
}

/** What a system needs and does not find; undefined where all is there. */
export function missing({ program, needs }) {
  if (!existsSync(join(BENCH, 'programs', `${program}.mjs`))) return `programs/${program}.mjs`;
  if (needs?.module && !isInstalled(needs.module)) return `${needs.module} (npm install --prefix bench)`;
  if (needs?.command && !isCommand(needs.command)) return needs.command;
  return undefined;
}

function isInstalled(name) {
  try {
    createRequire(join(BENCH, 'package.json')).resolve(`${name}/package.json`);
    return true;
  } catch (error) {
    return error.code === 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  }
}

function isCommand(name) {
  try {
    execFileSync('which', [name], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Lines of a log among the figures: a worker that was killed, say. They say why a run has failed, and are no figures. */
function tellLog(lines) {
  for (const { level, time: _time, ...line } of lines.filter((one) => 'level' in one))
    process.stderr.write(`log ${level}: ${JSON.stringify(line)}\n`);
  return lines.filter((one) => !('level' in one));
}

/** One run of one program. Rejects where it fails: what has lost, doubled or swapped a message is no result. */
export function runProgram({ program, part, name, imports = [] }, { only, seconds, profileTo }) {
  const args = ['--expose-gc'];
  // Workers inherit the flags of their master.
  for (const each of imports) args.push('--import', new URL(each, import.meta.url).href);
  if (profileTo) args.push('--cpu-prof', `--cpu-prof-dir=${join(profileTo, part ? `${program}-${part}` : program)}`);
  args.push(join(BENCH, 'programs', `${program}.mjs`), '--seconds', String(seconds), '--only', only.join(','));
  if (part) args.push('--part', part);
  if (name) args.push('--name', name);
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), PROGRAM_MS_MAX);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      const label = part ? `${program} (${part})` : program;
      const lines = text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
      const figures = tellLog(lines.map((line) => JSON.parse(line)));
      if (code !== 0) return reject(new Error(`${label} ends with 0; got ${signal ?? code}`));
      resolve(figures);
    });
  });
}
