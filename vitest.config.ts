/**
 * Four sets of tests: `unit` reads src/ directly; `face` reads the declarations of the built package; `cluster` and `examples` import
 * the built package by its own name and start real processes. These wait as well as compute: one file more at once than there are cores
 * keeps the cores busy; what they expect of times leaves room for that.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/longest-first.ts';

/** Projects that are one group run side by side, and have to say the same. */
const behindUnit = { maxWorkers: Math.min(4, availableParallelism() + 1), sequence: { groupOrder: 1 } } as const;
const realProcesses = {
  ...{ pool: 'forks', hookTimeout: 30_000, ...behindUnit },
  // What they wait for comes later on a machine that is busy; left to itself, vitest waits for a second.
  expect: { poll: { timeout: 10_000 } },
  // The master runs in the test's process: as it is shipped, like its workers, not as the test tool would rewrite it.
  server: { deps: { external: [/\/dist\//] } },
} as const;

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...{ name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 },
          // A process for many files, not one a file: a fifth less time. One more than there are cores, since the longest files wait for databases and leases.
          ...{ pool: 'forks', isolate: false, maxWorkers: availableParallelism() + 1, sequence: { groupOrder: 0 } },
        },
      },
      {
        test: {
          ...{ name: 'face', include: ['test/face/**/*.test.ts'], testTimeout: 120_000 },
          ...{ pool: 'forks', ...behindUnit },
        },
      },
      {
        test: {
          ...{ name: 'cluster', include: ['test/cluster/**/*.test.ts'], testTimeout: 60_000 },
          // A process for many files: half of the time of these processes was that they began, some 70 times.
          ...realProcesses,
          isolate: false,
        },
      },
      {
        test: {
          ...{ name: 'examples', include: ['test/examples/**/*.test.ts'], testTimeout: 60_000 },
          ...realProcesses,
        },
      },
    ],
  },
});
