/** Actors and partitions change machines, and nothing fails: what durable actors send each other meanwhile arrives, and need not be sent again a second later. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TraceEvent } from '../../../src/observe/trace.ts';
import { RESEND_MS } from '../../../src/resending/resend-queue.ts';
import { type MachineMix, type MachineStep, machineSteps } from './machine-program.ts';
import { runMachines } from './machines-bank.ts';

const STEPS = 30;
const MIXES: { readonly [name: string]: MachineMix } = {
  moves: { transfer: 14, move: 10, wait: 10 },
  joins: { transfer: 14, join: 4, wait: 10 },
};
/** In each of them a message came to the way into a machine while its receiver was on the way there. */
const SEEDS: { readonly [name: string]: readonly number[] } = {
  moves: [2_006, 2_011, 2_018, 2_029, 2_041],
  joins: [2_053, 2_054],
};

function program(mix: string, seed: number): MachineStep[] {
  const steps = fc.noBias(machineSteps(MIXES[mix] as MachineMix, STEPS));
  const [drawn] = fc.sample(steps, { seed, numRuns: 1 }) as [MachineStep[]];
  return drawn.map((step) => (step.do === 'move' ? { ...step, kind: 'account' } : step));
}

test.each(Object.keys(MIXES).flatMap((mix) => (SEEDS[mix] ?? []).map((seed) => [mix, seed] as const)))(
  '%s %i',
  async (mix, seed) => {
    const firstAt = new Map<string, number>();
    const late: string[] = [];
    const trace = (at: number, _process: string, event: TraceEvent): void => {
      if (event.topic !== 'route') return;
      const id = (event.message as { id?: string } | undefined)?.id;
      if (id === undefined) return;
      const mail = `${event.sender} to ${event.id}, order ${id}`;
      const first = firstAt.get(mail);
      if (first === undefined) firstAt.set(mail, at);
      else if (at - first >= RESEND_MS) late.push(`${mail}: again after ${Math.round(at - first)} ms`);
    };
    const { breaches } = await runMachines(seed, program(mix, seed), { trace });
    expect(firstAt.size).toBeGreaterThan(5);
    expect([late, breaches.list]).toEqual([[], []]);
  },
  600_000,
);
