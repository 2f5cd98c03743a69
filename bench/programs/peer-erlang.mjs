/** Compiles and starts erlang_peer.erl where Erlang is installed: one scheduler for one process, two nodes for S4 and S5. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../harness/measure.mjs';

const program = new Program('erlang');
const folder = mkdtempSync(join(tmpdir(), 'troupe-bench-erlang-'));
execFileSync('erlc', ['-o', folder, join(import.meta.dirname, 'erlang_peer.erl')]);
const ALL = ['S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7'];
const env = {
  ...process.env,
  BENCH_SECONDS: program.seconds.toFixed(3),
  BENCH_NAME: program.name,
  BENCH_ONLY: (program.only ?? ALL).join(','),
  ERL_EPMD_ADDRESS: '127.0.0.1',
};
const erl = (args, stdout) =>
  spawn('erl', ['+P', '1000000', '-pa', folder, '-noshell', ...args], { stdio: ['ignore', stdout, 'inherit'], env });
const ended = (child) => new Promise((resolve) => child.once('exit', resolve));

if (program.wants('S1', 'S2', 'S3', 'S6', 'S7')) {
  await ended(erl(['+S', '1', '-eval', 'erlang_peer:local()'], 'inherit'));
}
if (program.wants('S4', 'S5')) {
  const nodeAt = (name) => `${name}${process.pid}@127.0.0.1`;
  const options = ['+S', '1', '-setcookie', `bench${process.pid}`, '-kernel', 'inet_dist_use_interface', '{127,0,0,1}'];
  const other = erl([...options, '-name', nodeAt('b')], 'ignore');
  const otherEnded = ended(other);
  const call = `erlang_peer:between('${nodeAt('b')}')`;
  await ended(erl([...options, '-name', nodeAt('a'), '-eval', call], 'inherit'));
  other.kill();
  await otherEnded;
}
rmSync(folder, { recursive: true });
