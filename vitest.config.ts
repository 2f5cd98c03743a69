/**
 * Three sets of tests: `unit` reads src/ directly; `cluster` and `examples` import the built package by its own name
 * and start real processes, so no two of their files run at once, or they would measure each other.
 */
import { defineConfig } from 'vitest/config';

const realProcesses = {
  ...{ pool: 'forks', fileParallelism: false, hookTimeout: 30_000 },
  // The master runs in the test's process: as it is shipped, like its workers, not as the test tool would rewrite it.
  server: { deps: { external: [/\/dist\//] } },
} as const;

export default defineConfig({
  test: {
    projects: [
      {
        // A process a core, not one a file: a fifth less time.
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool: 'forks', isolate: false, testTimeout: 30_000 },
      },
      { test: { name: 'cluster', include: ['test/cluster/**/*.test.ts'], testTimeout: 30_000, ...realProcesses } },
      { test: { name: 'examples', include: ['test/examples/**/*.test.ts'], testTimeout: 60_000, ...realProcesses } },
    ],
  },
});
