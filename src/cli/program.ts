/** The program `troupe`, put together of its commands. */
import { addCommand, codeOfParse, type CommandPlan, type Ending, newProgram } from '../cli-ground/command.ts';
import { completionOf } from './completion.ts';
import { COPYING } from './copying.ts';
import { DOCTOR } from './doctor.ts';
import { DONE } from '../cli-ground/exit-codes.ts';
import { ENDING } from './ending.ts';
import { NEW } from './new-project.ts';
import { packageVersion } from '../vocabulary/package-version.ts';
import { LOOKING } from './looking.ts';
import { SEEING } from './seeing.ts';
import { STARTING } from './starting.ts';
import { STEERING } from './steering.ts';
import { TALKING } from './talking.ts';
import { TOP } from './top.ts';

const COMMANDS: readonly CommandPlan[] = [
  ...NEW,
  ...STARTING,
  ...LOOKING,
  ...SEEING,
  ...TOP,
  ...TALKING,
  ...STEERING,
  ...ENDING,
  ...COPYING,
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
