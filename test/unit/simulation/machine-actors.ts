/** The actors of simulated machines: a bank whose accounts are kept, and tallies of which nothing is. */
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { ActorDefinition } from '../../../src/actor/definition.ts';
import type { MachineWitness } from './machine-witness.ts';

export const OPENING = 1_000;
const BEAT_MS = 70;

/** What it says of itself; what came to it shows in what was committed. */
export interface Account {
  balance: number;
  /** Transfers → times. */
  left: Record<string, number>;
  arrived: Record<string, number>;
  breaches: string[];
  /** Sender → the last number of its messages. */
  last: Record<string, number>;
  given: Record<string, number>;
}

interface Transfer {
  to: string;
  amount: number;
  id: string;
}

const supervision = { intensity: 10_000, periodMs: 1_000, backoff: { initialMs: 1, maxMs: 50 } };

export function machineActors(witness: MachineWitness): Record<string, ActorDefinition> {
  return { account: accountOf(witness), tally: tallyOf(witness) };
}

function accountOf(witness: MachineWitness): ActorDefinition {
  return defineActor({
    durable: true,
    supervision,
    state: (): Account => ({ balance: OPENING, left: {}, arrived: {}, breaches: [], last: {}, given: {} }),
    receive: {
      transfer(ctx, { to, amount, id }: Transfer) {
        witness.turn(ctx.id, ctx.fence);
        const { state } = ctx;
        state.balance -= amount;
        state.left[id] = (state.left[id] ?? 0) + 1;
        const n = (state.given[to] ?? 0) + 1;
        state.given[to] = n;
        ctx.tell(to, { type: 'deposit', amount, id, from: ctx.id, n });
        return id;
      },
      deposit(ctx, { amount, id, from, n }: { amount: number; id: string; from: string; n: number }) {
        witness.turn(ctx.id, ctx.fence);
        const { state } = ctx;
        if (n !== (state.last[from] ?? 0) + 1) state.breaches.push(`from ${from}: ${n} after ${state.last[from]}`);
        state.last[from] = n;
        state.balance += amount;
        state.arrived[id] = (state.arrived[id] ?? 0) + 1;
      },
      get: ({ state }) => state,
    },
  });
}

function tallyOf(witness: MachineWitness): ActorDefinition {
  return defineActor({
    supervision,
    state: () => ({ count: 0 }),
    // One that lives where nobody sends anything is seen all the same.
    onStart: (ctx) => void ctx.every(BEAT_MS, { type: 'beat' }),
    receive: {
      beat: (ctx) => void witness.turn(ctx.id, ctx.fence),
      add(ctx, { m }: { m: string }) {
        witness.handled(m, witness.turn(ctx.id, ctx.fence));
        ctx.state.count++;
      },
      /** Its turn takes a while. */
      async work(ctx, { m }: { m: string }) {
        witness.handled(m, witness.turn(ctx.id, ctx.fence));
        await ctx.where(ctx.id);
        return m;
      },
    },
  });
}
