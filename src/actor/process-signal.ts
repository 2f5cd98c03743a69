/** Signals to a process itself: to its listeners for ends, and to what it sends again. */
import { callListener } from '../observe/listener.ts';
import { asError } from '../vocabulary/errors.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { Kernel } from './kernel.ts';
import type { Watching } from './watchers.ts';

export function takeProcessSignal({ durability, log }: Kernel, watching: Watching, signal: Signal): void {
  if (signal.type === 'acknowledged') durability?.acknowledged(signal);
  if (signal.type !== 'terminated') return;
  const { id, reason, watch } = signal;
  const threw = (error: unknown): void => log.error({ err: asError(error), actor: id }, 'a watch listener threw');
  for (const listener of watching.takeListeners(id, watch)) callListener(listener, { id, reason }, threw);
}
