// Empties dist/ (what is shipped) and build/ (what the compiler writes), so that nothing of an older build is left in the package.
import { rmSync } from 'node:fs';

for (const folder of ['dist', 'build'])
  rmSync(new URL(`../${folder}`, import.meta.url), { recursive: true, force: true });
