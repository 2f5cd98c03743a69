/** An order whose charge takes a while, and is noted in a file outside. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineActor } from 'troupe';
import { assign, fromPromise, setup } from 'xstate';

const machine = setup({
  actors: {
    charge: fromPromise(async ({ input: { file, ms } }) => {
      appendFileSync(file, `${process.pid}\n`);
      await sleep(ms);
      return 'receipt';
    }),
  },
}).createMachine({
  context: { file: '', ms: 0, receipt: '' },
  initial: 'open',
  states: {
    open: {
      on: {
        pay: { target: 'charging', actions: assign({ file: ({ event }) => event.file, ms: ({ event }) => event.ms }) },
      },
    },
    charging: {
      invoke: {
        src: 'charge',
        input: ({ context: { file, ms } }) => ({ file, ms }),
        onDone: { target: 'paid', actions: assign({ receipt: ({ event }) => event.output }) },
      },
    },
    paid: {},
  },
});

export default defineActor({ durable: true, machine, passivateAfterMs: 200 });
