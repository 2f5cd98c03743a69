// Runs the simulation's own program (test/unit/simulation/main.ts), which is TypeScript.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('../test/unit/simulation/main.ts');
process.exitCode = await main(process.argv.slice(2));
