#!/usr/bin/env node
/** The command line: `troupe <command>`. */
import '../node-version.ts';

// Not before the version is known to do: the commands import what an old Node.js does not export.
const { runProgram } = await import('./program.ts');
process.exitCode = await runProgram(process.argv.slice(2));
