import { defineActor } from 'troupe';

export default defineActor({
  placement: { strategy: 'least-loaded' },
  receive: { pid: () => process.pid, echo: (_ctx, { value }) => value },
});
