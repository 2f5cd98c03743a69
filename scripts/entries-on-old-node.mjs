/**
 * Run by a Node.js that is too old for the package: each of its entries, and its program, end with one sentence that says so. A name that is
 * imported from Node.js and is not there comes before anything of the package runs, with an error that says nothing.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('..', import.meta.url);
const { exports, bin, engines } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
const expected = `troupe needs Node.js ${engines.node.slice('>='.length)} or later; got ${process.versions.node}`;

const faults = [];
for (const [entry, target] of Object.entries(exports)) {
  if (target.default === undefined) continue;
  const got = await import(new URL(target.default, ROOT)).then(
    () => 'nothing',
    ({ message }) => message,
  );
  if (got !== expected) faults.push(`${entry}: expected the error '${expected}'; got ${got}`);
}
const { status, stderr } = spawnSync(process.execPath, [fileURLToPath(new URL(bin.troupe, ROOT)), '--help'], {
  encoding: 'utf8',
});
if (status === 0 || !stderr.includes(expected)) faults.push(`${bin.troupe}: expected '${expected}'; got ${stderr}`);
for (const fault of faults) console.error(fault);
console.log(`Node.js ${process.versions.node}: ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
