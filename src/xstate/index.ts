/** Actions for XState machines that run as troupe actors. */
import '../node-version.ts';

export { type MachineAction, publish, type Resolvable, reply, tell } from '../actor/xstate-actor.ts';
