/** Pages whose blocks are programs: each block that begins with the name of a file is one, run as it stands. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));
const FILE_BLOCK = /^```m?js\n\/\/ (\S+\.[cm]?js)\n(.*?)^```$/gms;
const RUN_MS_MAX = 50_000;

const folders: string[] = [];
const running: ChildProcess[] = [];

/** After each test. */
export async function tidyUp(): Promise<void> {
  for (const child of running.splice(0)) if (child.exitCode === null) await ended(child, 'SIGTERM');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A project of its own with the files of a page, which imports packages by their names. */
export function projectOf(page: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'troupe-page-'));
  folders.push(folder);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'troupe'));
  for (const name of ['express', 'fastify', 'nodemailer', 'pino', 'xstate', '@opentelemetry'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  for (const [name, text] of blocksOf(page)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export function blocksOf(page: string): [name: string, text: string][] {
  const found = [...readFileSync(join(ROOT, page), 'utf8').matchAll(FILE_BLOCK)];
  return found.map(([, name, text]) => [name as string, text as string]);
}

export function start(folder: string, args: string[], env: Record<string, string> = {}): ChildProcess {
  // A run of node --test inside another one would report to that.
  const { NODE_TEST_CONTEXT: _context, ...own } = process.env;
  const child = spawn(process.execPath, args, { cwd: folder, env: { ...own, ...env }, timeout: RUN_MS_MAX });
  running.push(child);
  return child;
}

export async function ended(child: ChildProcess, signal?: NodeJS.Signals): Promise<number | null> {
  // One that was told to end by another program may be gone by now.
  if (child.exitCode !== null) return child.exitCode;
  const end = once(child, 'exit');
  if (signal) child.kill(signal);
  const [code] = (await end) as [number | null];
  return code;
}

export async function outputOf(folder: string, args: string[], env: Record<string, string> = {}): Promise<string> {
  const child = start(folder, args, env);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(code, output).toBe(0);
  return output;
}
