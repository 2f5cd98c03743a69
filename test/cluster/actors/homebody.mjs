import { defineActor } from 'troupe';

export default defineActor({
  placement: { strategy: 'local' },
  receive: { pid: () => process.pid },
});
