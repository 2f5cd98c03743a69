/** The same seed gives the same run, message by message: without that no failure could be looked at twice. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { traceLine } from '../../../src/simulation/trace.ts';
import { run } from './search.ts';

/** Of everything that an onlooker sees, but for the bytes of memory that signs of life report. */
async function fingerprint(mix: string, seed: number): Promise<string> {
  const hash = createHash('sha256');
  await run({ mix, seed, steps: 100 }, undefined, {
    observe: (event) => {
      const line = traceLine(event, { everything: true });
      const isLoad = event.kind === 'control' && ['heartbeat', 'workers'].includes(event.message.type);
      if (line !== undefined) hash.update(isLoad ? line.slice(0, 40) : line);
    },
  });
  return hash.digest('hex');
}

test.each(['fate', 'moves', 'all'])(
  'a seed of %s gives the same run each time, whatever ran before',
  { timeout: 600_000 },
  async (mix) => {
    const first = await fingerprint(mix, 7);
    const other = await fingerprint(mix, 8);
    expect(await fingerprint(mix, 7)).toBe(first);
    expect(other).not.toBe(first);
  },
);
