// Every message must pass a Standard Schema.
import { defineActor } from 'troupe';

const messages = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate(value) {
      if (Number.isInteger(value.n)) return { value };
      return { issues: [{ message: 'expected a whole number', path: ['n'] }] };
    },
  },
};

export default defineActor({
  messages,
  receive: { take: (_ctx, { n }) => n },
});
