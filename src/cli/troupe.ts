#!/usr/bin/env node
/** The command line: `troupe <command>`. */
import '../node-version.ts';
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2));
