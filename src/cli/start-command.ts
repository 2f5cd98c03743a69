/** `troupe start`: a system without a line of code. */
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { SystemOptions, WorkerGroup } from '../options.ts';
import { type CommandPlan, type Given, wholeOption } from '../cli-ground/command.ts';
import { wrongUse } from '../cli-ground/exit-codes.ts';

const WORKERS_MAX = 1_024;
const PORT_MAX = 65_535;
export const DASHBOARD_PORT = 4_000;
const TOKEN_BYTES = 18;

/** `4`, or `web=2,mail=1`. */
export function workersOf(text: string): number | WorkerGroup[] {
  if (!text.includes('=')) return wholeOption(text, '--workers', 0, WORKERS_MAX);
  return text.split(',').map((part) => {
    const [role, count, ...rest] = part.split('=');
    if (!role || rest.length > 0) throw wrongUse(`--workers: expected a number or role=n,role=n; got '${text}'`);
    return { role, count: wholeOption(count, `--workers ${role}`, 1, WORKERS_MAX) };
  });
}

/** Paths are taken from the working folder: the program that starts is this one, and not the user's. */
export function systemOptionsOf({ actors, workers, main, data, name, log, dashboard }: Given): SystemOptions {
  const dataDir = (data ?? process.env.TROUPE_DATA) || '.troupe';
  return {
    dataDir: resolve(dataDir),
    ...(typeof actors === 'string' && { actors: resolve(actors) }),
    ...(typeof workers === 'string' && { workers: workersOf(workers) }),
    ...(typeof main === 'string' && { main: resolve(main) }),
    ...(typeof name === 'string' && { name }),
    ...(typeof log === 'string' && { log }),
    ...(dashboard !== undefined && { dashboard: pageOf(dashboard) }),
  };
}

/** Without a port it is `DASHBOARD_PORT`. A token that nobody has given is made, where somebody reads the terminal that it is told in. */
function pageOf(given: unknown): { port: number; token: string } {
  const port = typeof given === 'string' ? wholeOption(given, '--dashboard', 1, PORT_MAX) : DASHBOARD_PORT;
  if (!process.env.TROUPE_DASHBOARD_TOKEN && process.stderr.isTTY !== true)
    throw wrongUse(
      '--dashboard: expected a token in TROUPE_DASHBOARD_TOKEN, since there is no terminal to tell one in',
    );
  return { port, token: process.env.TROUPE_DASHBOARD_TOKEN || randomBytes(TOKEN_BYTES).toString('base64url') };
}

const start: CommandPlan = {
  usage: 'start',
  summary: 'run a system with the actors of a folder, until SIGTERM, Ctrl-C or troupe stop',
  example: 'troupe start --actors ./actors --workers web=2,mail=1',
  isAlone: true,
  options: [
    ['--actors <dir>', 'folder of the definitions (default: ./actors)'],
    ['--workers <workers>', 'a number, or role=n,role=n (default: one for each core); 0: all in this process'],
    ['--main <module>', 'what every worker runs once ready, such as an HTTP server (default: none)'],
    ['--data <dir>', 'folder of the durable actors and the control socket (default: TROUPE_DATA, else .troupe)'],
    ['--name <name>', 'name of the system (default: troupe)'],
    [
      '--dashboard [port]',
      `serve the page on this machine (default: ${DASHBOARD_PORT}), with TROUPE_DASHBOARD_TOKEN or a new token`,
    ],
    ['--log <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)'],
  ],
  run: async (_args, options, output) => {
    const systemOptions = systemOptionsOf(options);
    // Loaded here: the other commands need neither the store nor machines.
    const { createSystem } = await import('../actor-system.ts');
    await createSystem(systemOptions);
    // Not in the log, which others read and which is kept.
    const { dashboard } = systemOptions;
    if (dashboard?.token !== undefined && !process.env.TROUPE_DASHBOARD_TOKEN)
      output.progress(`the page is at http://localhost:${dashboard.port}, its token is ${dashboard.token}`);
  },
};

export const START_COMMAND: readonly CommandPlan[] = [start];
