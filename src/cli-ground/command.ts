/** The ground of all commands: the program that they are added to, their common options, the example in their help, their end. */
import { Command, CommanderError, Option } from 'commander';
import { DONE, exitCodeOf, FAILED, WRONG_USE, wrongUse } from './exit-codes.ts';
import { jsonOf, type Output, outputTo } from './output.ts';
import type { ReachOptions } from './reached-system.ts';

export interface CommandPlan {
  /** With its arguments: `move <id> <worker>`. */
  readonly usage: string;
  /** The name that other tools have for it. */
  readonly alias?: string;
  readonly summary: string;
  readonly example: string;
  readonly options?: readonly (readonly [flags: string, text: string])[];
  /** It needs no running system. */
  readonly isAlone?: boolean;
  /** Returns the exit code; 0 where it returns anything else. */
  run(args: string[], options: Given, output: Output): Promise<unknown>;
}

export type Given = ReachOptions & { readonly json?: boolean; readonly [name: string]: unknown };

export interface Ending {
  code: number;
}

export function newProgram(version: string, ends: string): Command {
  return new Command('troupe')
    .description('Starts, sees and steers systems of troupe.')
    .version(version)
    .addHelpText('after', `\n${ends}`)
    .exitOverride();
}

export function addCommand(program: Command, plan: CommandPlan, ending: Ending): void {
  const command = program.command(plan.usage).summary(plan.summary).description(plan.summary);
  if (plan.alias !== undefined) command.alias(plan.alias);
  for (const [flags, text] of optionsOf(plan)) command.addOption(new Option(flags, text));
  command.addHelpText('after', `\nExample:\n  $ ${plan.example}\n`);
  command.action(async (...given: unknown[]) => {
    const args = given.slice(0, -2) as string[];
    const options = given.at(-2) as Given;
    const output = outputTo(process.stdout, process.stderr, options.json === true);
    try {
      const code = await plan.run(args, options, output);
      ending.code = typeof code === 'number' ? code : DONE;
    } catch (error) {
      tell(error, output);
      ending.code = exitCodeOf(error);
    }
  });
}

const REACH_OPTIONS: readonly (readonly [flags: string, text: string])[] = [
  ['--data <dir>', "the system's dataDir (default: TROUPE_DATA, else .troupe)"],
  ['--system <name>', 'where several systems run with one dataDir: which one'],
  ['--connect <url>', 'an address that the system listens at, in place of --data'],
  ['--token <token>', 'with --connect (default: TROUPE_TOKEN, which ps does not show)'],
];

function optionsOf(plan: CommandPlan): (readonly [flags: string, text: string])[] {
  const own = plan.options ?? [];
  return [...(plan.isAlone === true ? [] : REACH_OPTIONS), ...own, ['--json', 'JSON in place of text, errors too']];
}

/** `--data`, and so on. */
export function optionNamesOf(plan: CommandPlan): string[] {
  return [...optionsOf(plan).map(([flags]) => flags.split(' ')[0] as string), '--help'];
}

function tell(error: unknown, output: Output): void {
  const { message, code, fate } = error as { message?: string; code?: string; fate?: string };
  const text = message ?? String(error);
  if (output.isJson) process.stderr.write(`${jsonOf({ error: { code: code ?? 'ERROR', message: text, fate } })}\n`);
  else process.stderr.write(`troupe: ${text}${code === undefined ? '' : ` (${code})`}\n`);
}

/** Of what commander throws in place of ending the process. */
export function codeOfParse(error: unknown): number {
  if (!(error instanceof CommanderError)) return FAILED;
  if (error.exitCode === 0) return DONE;
  process.stderr.write('(troupe <command> --help says how it is used, with an example)\n');
  return WRONG_USE;
}

/** A whole number that was typed. */
export function wholeOption(text: unknown, name: string, min: number, max: number): number {
  const value = Number(text);
  if (typeof text === 'string' && /^\d+$/.test(text) && value >= min && value <= max) return value;
  throw wrongUse(`${name}: expected a whole number from ${min} to ${max}; got '${text}'`);
}

/** A number that was typed, with a point perhaps. */
export function numberOption(text: unknown, name: string, min: number, max: number): number {
  const value = Number(text);
  if (typeof text === 'string' && /^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
  throw wrongUse(`${name}: expected a number from ${min} to ${max}; got '${text}'`);
}

export function workerOption(text: unknown): number {
  return wholeOption(text, 'worker', 1, 1_000_000);
}

export function textOption(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
