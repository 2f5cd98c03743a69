/** How the incarnations of one kind begin and what handles their messages; plain handlers and machines both give one. */
import type { MachineShape } from '../observe/xstate-shape.ts';
import type { Context } from './context.ts';

export type RunHandler = (ctx: Context<unknown>, message: unknown) => unknown;

export interface Runner {
  /** The first state; may be async. */
  begin(ctx: Context<unknown>, args: unknown): unknown;
  handlerOf(type: string): RunHandler | undefined;
  /** The types of message that it handles, where that is known. */
  readonly types?: readonly string[];
  /** Answers an ask whose type has no handler, where that can be taken for a look at the state. */
  lookOf?(type: string): RunHandler | undefined;
  /** Of a reply that is no plain data: what can be sent of it, where its handler did not choose it itself. */
  plainReply?(ctx: Context<unknown>, reply: unknown): unknown;
  /** Its state as somebody who looks is shown it, where that is not `ctx.state` itself; nothing of it changes. */
  view?(ctx: Context<unknown>): unknown;
  /** The same of what `pack` gave. */
  viewOf?(packed: unknown): unknown;
  /** Its states and transitions, where it is a machine. */
  drawing?(): MachineShape | undefined;
  /** It does something by itself, at no time that is known: it has to stay in memory, or to come back. */
  isActive?(ctx: Context<unknown>): boolean;
  /** Before onStop, so that nothing of the incarnation goes on by itself. */
  end?(ctx: Context<unknown>): void;
  /** Its state in the form for another process, where that is not `ctx.state` itself. May throw. */
  pack?(ctx: Context<unknown>): unknown;
  /** Goes on from what `pack` gave; its times are `shiftMs` later on the clock here. May throw. */
  unpack?(ctx: Context<unknown>, packed: unknown, shiftMs?: number): void;
  /** When it next does something by itself, on `Clock.now()`. */
  nextDueAt?(ctx: Context<unknown>): number | undefined;
}
