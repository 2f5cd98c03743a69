/**
 * A question that the debugger asks in a paused event loop: which actor has it? The function is in the global scope, under a symbol,
 * since it can be reached in no other way; it reads, and is called by nothing else.
 */
import { cellOfContext } from '../actor/actor-context.ts';
import type { Cell } from '../actor/cell.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { Message } from '../vocabulary/envelope.ts';
import { LOOP_PROBE } from './loop-symbol.ts';

/** JSON of the actor whose turn runs, or of the one that `context` is of; `null`: none. */
type Probe = (context?: object) => string;

export function installLoopProbe(kernel: Kernel): void {
  const probe: Probe = (context) => {
    const cell = context === undefined ? (kernel.running as Cell | undefined) : cellOfContext(context);
    if (cell === undefined) return 'null';
    const { id, current } = cell;
    const type = current?.verb === 'message' ? (current.message as Message).type : undefined;
    // The slice began before the turn; what goes on after an await may have begun it long ago.
    const since = context === undefined ? kernel.scheduler.now : cell.lastActiveAt;
    return JSON.stringify({ actor: id, type, forMs: Math.round(kernel.clock.now() - since) });
  };
  Object.defineProperty(globalThis, Symbol.for(LOOP_PROBE), { value: probe, configurable: true });
}
