/**
 * The life of one worker, from fork to fork. The machine knows what may follow what; when, and what is done about it,
 * is the supervisor's.
 *
 *   starting ─► ready ◄─► draining
 *      └───┬──────┴──────────┘ exited
 *          ├─► backing-off ─► starting (the next incarnation)
 *          ├─► given-up ─► starting (past the restart intensity; a reload tries it again)
 *          └─► stopped       (its end was wanted)
 */
import { type Actor, assign, createActor, setup } from 'xstate';
import type { WorkerState } from '../wire/control.ts';

interface Life {
  incarnation: number;
  restarts: number;
}

type LifeEvent =
  | { type: 'ready' }
  | { type: 'drain' }
  | { type: 'undrain' }
  | { type: 'fork' }
  /** The decision of the supervision about the exit. */
  | { type: 'exited'; next: 'backing-off' | 'given-up' | 'stopped' };

const machine = setup({
  types: { context: {} as Life, events: {} as LifeEvent },
  guards: {
    again: ({ event }) => event.type === 'exited' && event.next === 'backing-off',
    givenUp: ({ event }) => event.type === 'exited' && event.next === 'given-up',
  },
}).createMachine({
  initial: 'starting',
  context: { incarnation: 1, restarts: 0 },
  on: {
    exited: [
      { guard: 'again', target: '.backing-off' },
      { guard: 'givenUp', target: '.given-up' },
      { target: '.stopped' },
    ],
  },
  states: {
    starting: { on: { ready: 'ready', drain: 'draining' } },
    ready: { on: { drain: 'draining' } },
    draining: { on: { undrain: 'ready' } },
    'backing-off': {
      on: {
        fork: {
          target: 'starting',
          actions: assign({
            incarnation: ({ context }) => context.incarnation + 1,
            restarts: ({ context }) => context.restarts + 1,
          }),
        },
      },
    },
    // Until a reload brings code with which it may live.
    'given-up': {
      on: {
        fork: {
          target: 'starting',
          actions: assign({
            incarnation: ({ context }) => context.incarnation + 1,
            restarts: ({ context }) => context.restarts + 1,
          }),
        },
      },
    },
    stopped: { type: 'final' },
  },
});

export class WorkerLife {
  readonly #actor: Actor<typeof machine> = createActor(machine).start();

  get state(): WorkerState | 'stopped' {
    return this.#actor.getSnapshot().value;
  }

  get incarnation(): number {
    return this.#actor.getSnapshot().context.incarnation;
  }

  get restarts(): number {
    return this.#actor.getSnapshot().context.restarts;
  }

  send(event: LifeEvent): void {
    this.#actor.send(event);
  }
}
