/** One process of a hunt: it runs the programs that it is given, one after the other, and says of each what it came to. */
import { fileURLToPath } from 'node:url';
import { SHARDS } from '../../../src/placement/shard.ts';
import { MUTANTS } from './mutants.ts';
import { failureOf, programOf, reportOf, runAny, type RunName } from './search.ts';

/** A run, and the build that is to run it. */
export interface Hunted extends RunName {
  shards: number;
}

/** `mutant`: a rule of the protocol that is taken away. */
export interface PartOrder {
  run: Hunted;
  shrinkMs: number;
  mutant?: string | undefined;
}

/** What it answers each program with, in their order. `cpuMs`: of the processor, without the time for making a failure shorter. */
export interface PartAnswer {
  cpuMs: number;
  counts: Record<string, number>;
  /** Of a failure, in words. */
  report?: string;
  rssBytes: number;
}

export async function answer({ run, shrinkMs, mutant }: PartOrder): Promise<PartAnswer> {
  const { shards, ...name } = run;
  // The other build is beside this one.
  if (shards !== SHARDS) return (await import(`../${shards}/hunt-part.js`)).answer({ run, shrinkMs, mutant });
  const restore = MUTANTS.find((one) => one.name === mutant)?.breaks();
  try {
    const before = process.cpuUsage();
    const outcome = await runAny(name, programOf(name));
    const { user, system } = process.cpuUsage(before);
    const isFailure = outcome.breaches.list.length > 0;
    return {
      ...{ cpuMs: (user + system) / 1_000, counts: outcome.counts() },
      ...(isFailure && { report: reportOf(await failureOf(name, outcome, shrinkMs)) }),
      rssBytes: process.memoryUsage.rss(),
    };
  } finally {
    restore?.();
  }
}

/** As a process of its own; who has given it its programs ends it. */
function serve(send: (word: PartAnswer) => void): void {
  let last: Promise<unknown> = Promise.resolve();
  process.on('message', (order: PartOrder) => {
    last = last.then(async () => send(await answer(order)));
  });
}

if (process.send && process.argv[1] === fileURLToPath(import.meta.url))
  serve(process.send.bind(process) as (word: PartAnswer) => void);
