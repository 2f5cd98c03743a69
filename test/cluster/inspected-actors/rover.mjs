// Placed at its first use.
import { defineActor } from 'troupe';

export default defineActor({ placement: { strategy: 'least-loaded' }, receive: { add: () => process.pid } });
