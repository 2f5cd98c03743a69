/** The program `troupe`, put together of its commands. */
import { addCommand, codeOfParse, type CommandPlan, type Ending, newProgram } from '../cli-ground/command.ts';
import { completionOf } from './completion.ts';
import { BACKUP_COMMANDS } from './backup-commands.ts';
import { DOCTOR } from './doctor.ts';
import { DONE } from '../cli-ground/exit-codes.ts';
import { END_COMMANDS } from './end-commands.ts';
import { NEW } from './new-project.ts';
import { packageVersion } from '../vocabulary/package-version.ts';
import { INSPECT_COMMANDS } from './inspect-commands.ts';
import { STRUCTURE_COMMANDS } from './structure-commands.ts';
import { SETUP_COMMANDS } from './setup-commands.ts';
import { START_COMMAND } from './start-command.ts';
import { CONTROL_COMMANDS } from './control-commands.ts';
import { MESSAGE_COMMANDS } from './message-commands.ts';
import { TOP } from './top.ts';

const COMMANDS: readonly CommandPlan[] = [
  ...NEW,
  ...START_COMMAND,
  ...INSPECT_COMMANDS,
  ...STRUCTURE_COMMANDS,
  ...SETUP_COMMANDS,
  ...TOP,
  ...MESSAGE_COMMANDS,
  ...CONTROL_COMMANDS,
  ...END_COMMANDS,
  ...BACKUP_COMMANDS,
  ...DOCTOR,
  completionOf(() => COMMANDS),
];
const ENDS = 'Exit codes: 0 done, 1 failed, 2 wrong use, 3 no system found.\n';

/** Returns the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const ending: Ending = { code: DONE };
  const program = newProgram(packageVersion(), ENDS);
  for (const plan of COMMANDS) addCommand(program, plan, ending);
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    return codeOfParse(error);
  }
  return ending.code;
}
