// A machine that boils after a while.
import { defineActor } from 'troupe';
import { assign, setup } from 'xstate';

export default defineActor({
  machine: setup({}).createMachine({
    context: { cups: 0 },
    initial: 'cold',
    states: {
      cold: { on: { heat: { target: 'heating', actions: assign({ cups: ({ event }) => event.cups }) } } },
      heating: { after: { 800: 'hot' } },
      hot: {},
    },
    on: { look: {} },
  }),
});
