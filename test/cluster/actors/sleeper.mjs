// Leaves memory when it is idle: a move must not set its clock back.
import { defineActor } from 'troupe';

export default defineActor({ passivateAfterMs: 700, receive: { hi: () => process.pid } });
