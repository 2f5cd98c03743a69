/** From `createSystem` to the first reply, and what of it the fork of the workers is; behaviours in JavaScript and in TypeScript. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSystem } from 'troupe';
import { Program } from '../harness/measure.mjs';

const program = new Program('troupe');
const javascript = `import { defineActor } from 'troupe';
export default defineActor({ receive: { echo: (_ctx, { n }) => ({ n }) } });`;
const typescript = javascript.replace('(_ctx, { n })', '(_ctx: unknown, { n }: { n: number })');
for (const [language, extension, text] of [
  ['JavaScript', 'mjs', javascript],
  ['TypeScript', 'ts', typescript],
]) {
  // Beside the other behaviours, where `troupe` is found.
  const folder = mkdtempSync(join(import.meta.dirname, '..', 'node_modules', '.start-up-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, `greeter.${extension}`), text);
  try {
    const start = performance.now();
    const system = await createSystem({ workers: 1, actors: folder, log: 'error' });
    const ready = performance.now();
    await system.ask('greeter/a', { type: 'echo', n: 1 });
    program.report('start-up', `${language}: workers ready`, 'ms', ready - start);
    program.report('start-up', `${language}: first reply`, 'ms', performance.now() - start);
    await system.shutdown();
  } finally {
    rmSync(folder, { recursive: true });
  }
}
