/** Commands that end actors. Without a terminal to ask at, what cannot be taken back needs `--yes`. */
import { createInterface } from 'node:readline/promises';
import type { CallArgument } from '../wire/entry.ts';
import { type CommandPlan, type Given, textOption } from '../cli-ground/command.ts';
import { CommandError, FAILED, wrongUse } from '../cli-ground/exit-codes.ts';
import type { Output } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';

function act(options: Given, output: Output, name: string, args: readonly CallArgument[], text: string): Promise<void> {
  return withSystem(options, async (client) => {
    await client.call(name, args, 0);
    output.result({ done: name, id: args[0] }, () => text);
  });
}

const end: CommandPlan = {
  usage: 'end <id>',
  summary: 'end an actor once it has handled the mail that it has by then; later mail begins it again',
  example: 'troupe end game/7 --reason over',
  options: [['--reason <text>', 'told to watchers and onStop (default: stopped)']],
  run: ([id = ''], options, output) =>
    act(options, output, 'stop', [id, textOption(options.reason)], `${id} has ended`),
};

const kill: CommandPlan = {
  usage: 'kill <id>',
  summary: 'end an actor at once, whatever it does; later mail begins it again',
  example: 'troupe kill game/7',
  run: ([id = ''], options, output) => act(options, output, 'kill', [id], `${id} has ended`),
};

const remove: CommandPlan = {
  usage: 'remove <id>',
  summary: 'end an actor and all that is kept of it: record, reminders, mail, dead letters; this cannot be taken back',
  example: 'troupe remove order/7 --yes',
  options: [['--yes', 'do not ask']],
  run: async ([id = ''], options, output) => {
    if (options.yes !== true) await consent(`remove ${id} and all that is kept of it?`);
    await act(options, output, 'remove', [id], `${id} is removed`);
  },
};

/** At a terminal only. */
export async function consent(question: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) throw wrongUse(`${question} say --yes, where no one can be asked`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} (yes/no) `);
  terminal.close();
  if (answer.trim() !== 'yes') throw new CommandError(FAILED, 'ABORTED', 'nothing was done');
}

export const END_COMMANDS: readonly CommandPlan[] = [end, kill, remove];
