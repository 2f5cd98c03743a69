import { defineActor } from 'troupe';
import { createMachine } from 'xstate';

export default defineActor({
  machine: createMachine({
    initial: 'new',
    states: {
      new: { on: { pay: 'open', cancel: 'cancelled' } },
      open: {
        initial: 'packing',
        states: { packing: { on: { packed: 'sent' } }, sent: { after: { 3600000: 'lost' } }, lost: {} },
        on: { back: 'new', arrived: 'done' },
      },
      cancelled: { type: 'final' },
      done: { type: 'final' },
    },
  }),
});
