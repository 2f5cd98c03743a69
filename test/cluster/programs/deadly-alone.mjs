/** A system of one process: gives the deadly message once, and ends with 0 where it lives for a while and has it as a dead letter. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSystem } from 'troupe';

const [actors, dataDir, how, tries] = process.argv.slice(2);
const system = await createSystem({ actors, workers: 0, dataDir, log: 'silent' });
const message = { type: 'deadly', way: 'exit', tries };
const isGiven = join(dataDir, 'given');
if (!existsSync(isGiven)) {
  writeFileSync(isGiven, '');
  if (how === 'pass') await system.ask('job/a', { type: 'pass', to: 'job/b', message });
  else await system.ask('job/b', { type: 'remind', ms: 200, message });
}
await new Promise((resolve) => setTimeout(resolve, 2_500));
const [letter] = await system.deadLetters.list();
const isFine = letter?.reason === 'PROCESS_DIED' && (await system.ask('job/b', { type: 'good' })) === 'fine';
await system.shutdown();
process.exit(isFine ? 0 : 2);
