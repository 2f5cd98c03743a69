// A system whose program was started in a folder of its own; see serve.mjs for the rest.
import { chdir } from 'node:process';

chdir(JSON.parse(process.argv[2]).folder);
process.argv[2] = JSON.stringify({ ...JSON.parse(process.argv[2]), folder: undefined });
await import('./serve.mjs');
