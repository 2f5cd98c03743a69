/**
 * One turn: one envelope of one actor, from the mailbox to its reply. Nothing else of the actor runs meanwhile.
 */
import { traceFields } from '../observe/trace-context.ts';
import { tracedMail } from '../observe/trace.ts';
import type { TurnSample } from '../observe/turn-timings.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { type Envelope, type Message, type ReplyTo, typeOfMessage } from '../vocabulary/envelope.ts';
import { asError, isRefusal, TroupeError, wordsOf } from '../vocabulary/errors.ts';
import type { ExitReason } from '../vocabulary/exit-reason.ts';
import { didYouMean, listed } from '../vocabulary/names.ts';
import { inspect } from '../plain-data/inspect.ts';
import { wordsOfIssues } from '../vocabulary/schema-words.ts';
import type { SchemaResult, StandardSchemaV1 } from '../vocabulary/standard-schema.ts';
import { isThenable } from '../vocabulary/thenable.ts';
import type { Cell } from './cell.ts';
import type { Context } from './context.ts';
import { failureFor, givenUpBy } from './ask-cancellation.ts';
import type { DurableSide } from './durable-side.ts';
import { endCell, endingOf, failCell } from './lifecycle.ts';
import { takeTimed } from './message-timer.ts';
import { refuseByHandler, refuseUnreadable } from './handler-refusals.ts';
import type { RunHandler } from './runner.ts';
import { replyToOf } from './served-reply.ts';
import { replyWith } from './turn-reply.ts';

/** The way of nearly every message is short, so that all of it becomes one piece of code (S1, S2); what only some messages need has functions of its own. */
export function runEnvelope(cell: Cell, envelope: Envelope): void {
  const { replyTo, verb } = envelope;
  if (cell.durable !== undefined || envelope.deliveryId !== undefined) return runNamed(cell, envelope);
  if (replyTo !== undefined && isOver(cell, envelope, replyTo)) return;
  if (verb === 'message') runMessage(cell, envelope);
  else perform(cell, envelope);
}

/** By the name that it is sent again under, or of its timer. */
function runNamed(cell: Cell, envelope: Envelope): void {
  const { replyTo, deliveryId } = envelope;
  const { durable } = cell;
  if (deliveryId !== undefined && !takeTimed(cell, envelope)) return;
  if (durable !== undefined && !durable.admit(envelope)) return;
  if (replyTo !== undefined && isOver(cell, envelope, replyTo)) {
    durable?.skip(envelope);
    return;
  }
  if (durable !== undefined) {
    const turn = durable.trials.begin(envelope);
    if (turn === false) return condemn(cell, envelope);
    if (turn !== undefined) return runOnProbation(cell, envelope, turn);
  }
  perform(cell, envelope);
}

/** Whether the asker waits no more. A stop stands, though its sender may wait for it no longer. */
function isOver(cell: Cell, envelope: Envelope, replyTo: ReplyTo): boolean {
  return envelope.verb !== 'stop' && (replyTo.settled || isLate(cell, envelope));
}

function perform(cell: Cell, envelope: Envelope): void {
  const { replyTo, verb } = envelope;
  switch (verb) {
    case 'message':
      return runMessage(cell, envelope);
    case 'barrier':
      return replyTo?.resolve(undefined);
    case 'stop':
      if (replyTo) (cell.own.endReplies ??= []).push(replyTo);
      return endCell(cell, endingOf(envelope.message as ExitReason));
    case 'run':
      cell.own.ownTurns--;
      return runGuarded(cell, envelope, envelope.message as () => unknown);
  }
}

/** A watched actor has ended. */
export function runTerminated(cell: Cell, ended: { id: ActorId; reason: ExitReason }): void {
  const { onTerminated } = cell.behaviour;
  if (onTerminated) runGuarded(cell, undefined, () => onTerminated(cell.context, ended));
}

function isLate(cell: Cell, envelope: Envelope): boolean {
  if (envelope.deadline === 0 || cell.kernel.clock.now() < envelope.deadline) return false;
  const text = `${cell.id} came to the message after its deadline`;
  envelope.replyTo?.reject(new TroupeError('ASK_TIMEOUT', text, { fate: 'not-executed' }));
  return true;
}

function runMessage(cell: Cell, envelope: Envelope): void {
  let type: string;
  let handler: RunHandler | undefined;
  try {
    type = (envelope.message as Message).type;
    handler = cell.behaviour.handlerOf(type);
  } catch (error) {
    return refuseUnreadable(cell, envelope, asError(error));
  }
  if (handler === undefined) return runUnknown(cell, envelope, type);
  const { schema } = cell.behaviour;
  if (schema === undefined) runHandler(cell, envelope, handler, envelope.message);
  else runChecked(cell, envelope, handler, schema);
}

function runUnknown(cell: Cell, envelope: Envelope, type: string): void {
  const look = envelope.replyTo && cell.behaviour.lookOf?.(type);
  if (look) return runHandler(cell, envelope, look, envelope.message);
  cell.kernel.deadLetters.refuse(envelope, 'UNKNOWN_MESSAGE', unknownTypeText(cell, type));
  cell.durable?.skip(envelope);
}

function unknownTypeText({ id, behaviour: { types } }: Cell, type: string): string {
  const known = types === undefined ? 'of known types' : `of the types ${listed(types)}`;
  return `${id} handles messages ${known}; got ${inspect(type)}${didYouMean(type, types ?? [])}`;
}

function runHandler(cell: Cell, envelope: Envelope, handler: RunHandler, message: unknown): void {
  const { kernel, context } = cell;
  const { counters, timings } = cell.behaviour;
  counters.messages++;
  cell.current = envelope;
  envelope.replyTo?.begin(cell);
  cell.durable?.beginTurn(envelope);
  cell.transition('busy');
  const isMeasured = timings?.isTurnDue(envelope);
  if (isMeasured || kernel.trace !== undefined || kernel.spans !== undefined)
    return runObserved(cell, envelope, handler, message);
  let result: unknown;
  let isAsync = false;
  kernel.running = cell;
  try {
    result = handler(context, message);
    isAsync = isThenable(result);
  } catch (error) {
    kernel.running = undefined;
    return endTurn(cell, context, envelope, true, error);
  }
  kernel.running = undefined;
  if (isAsync) awaitTurn(cell, envelope, context, result as PromiseLike<unknown>);
  else if (cell.context === context) {
    cell.transition('ready');
    turnDone(cell, envelope, result);
  }
}

/** Turns of a system that somebody looks at: all of them for traces, else the few that are measured. Apart, since its length would keep `runHandler` out of its caller's code (S1, S2). */
function runObserved(cell: Cell, envelope: Envelope, handler: RunHandler, message: unknown): void {
  const { kernel, context, behaviour } = cell;
  if (kernel.trace !== undefined) noteTurn(cell, 'begun', envelope);
  const sample = behaviour.timings?.begins(cell, envelope);
  let result: unknown;
  let isAsync = false;
  kernel.running = cell;
  try {
    result =
      kernel.spans === undefined ? handler(context, message) : kernel.spans.runs(context, envelope, handler, message);
    isAsync = isThenable(result);
  } catch (error) {
    kernel.running = undefined;
    if (sample !== undefined) endSample(cell, context, sample);
    return endTurn(cell, context, envelope, true, error);
  }
  kernel.running = undefined;
  if (isAsync) return awaitTurn(cell, envelope, context, result as PromiseLike<unknown>, sample);
  if (sample !== undefined) endSample(cell, context, sample);
  endTurn(cell, context, envelope, false, result);
}

/** Before the span of the turn ends: it is the trace in which the time was measured. */
function endSample({ id, kernel, behaviour }: Cell, context: Context<unknown>, sample: TurnSample): void {
  behaviour.timings?.ends(sample, kernel.spans?.kept({ id, context }, false));
}

/** Goes on after a turn, unless its incarnation was ended meanwhile: by itself, or by others while it awaited. */
function endTurn(
  cell: Cell,
  context: Context<unknown>,
  envelope: Envelope | undefined,
  isFailure: boolean,
  result: unknown,
): void {
  const { spans } = cell.kernel;
  if (cell.context !== context) return spans?.ends(context, undefined);
  cell.transition('ready');
  if (cell.kernel.trace !== undefined) noteTurn(cell, 'ended', envelope, outcomeOf(isFailure, result));
  if (isFailure) turnFailed(cell, envelope, result);
  else turnDone(cell, envelope, result);
  if (spans !== undefined) spans.ends(context, isFailure && !isRefusal(result) ? result : undefined);
}

/** `envelope`: undefined where a watched actor has ended. */
function noteTurn(
  { id, kernel }: Cell,
  step: 'begun' | 'ended',
  envelope: Envelope | undefined,
  outcome?: 'done' | 'failed' | 'refused',
): void {
  const mail = envelope ? tracedMail(envelope) : { id, sender: undefined, verb: 'signal' as const, message: undefined };
  kernel.trace?.note({ topic: 'turn', step, ...mail, ...(outcome !== undefined && { outcome }) });
}

function outcomeOf(isFailure: boolean, result: unknown): 'done' | 'failed' | 'refused' {
  if (!isFailure) return 'done';
  return isRefusal(result) ? 'refused' : 'failed';
}

function runChecked(cell: Cell, envelope: Envelope, handler: RunHandler, schema: StandardSchemaV1): void {
  const { context } = cell;
  let result: ReturnType<StandardSchemaV1['~standard']['validate']>;
  try {
    result = schema['~standard'].validate(envelope.message);
  } catch (error) {
    return refuseSchema(cell, envelope, [{ message: asError(error).message }]);
  }
  if (!isThenable(result)) return runIfValid(cell, envelope, handler, result);
  cell.transition('busy');
  cell.own.checking = envelope;
  Promise.resolve(result).then(
    (checked) => resumeChecked(cell, context, () => runIfValid(cell, envelope, handler, checked)),
    (error) => resumeChecked(cell, context, () => refuseSchema(cell, envelope, [{ message: asError(error).message }])),
  );
}

/** Until it may begin; it is still mail until then. */
function runOnProbation(cell: Cell, envelope: Envelope, turn: Promise<unknown>): void {
  const { context } = cell;
  cell.transition('busy');
  cell.own.checking = envelope;
  void turn.then(() => resumeChecked(cell, context, () => perform(cell, envelope)));
}

/** Its process has died in its turn again and again. */
function condemn(cell: Cell, envelope: Envelope): void {
  const { id, kernel, durable } = cell;
  const { message, sender } = envelope;
  const text = `the process of ${id} died again and again in the turn of '${typeOfMessage(message)}'; it is not tried any more`;
  kernel.log.error({ actor: id, ...traceFields(envelope.trace) }, text);
  durable?.beginTurn(envelope, true);
  replyToOf(cell, envelope)?.reject(new TroupeError('PROCESS_DIED', text, { fate: 'executed' }));
  durable?.deadLetter(envelope, 'PROCESS_DIED');
  kernel.deadLetters.add(id, message, sender, 'PROCESS_DIED', durable !== undefined);
  durable?.endTurn();
  turnDone(cell, undefined, undefined);
}

/** Goes on once an async schema has looked at the message; the asker may have given up meanwhile. */
function resumeChecked(cell: Cell, context: Context<unknown>, goOn: () => void): void {
  if (cell.context !== context) return;
  const envelope = cell.extras.checking as Envelope;
  cell.own.checking = undefined;
  cell.transition('ready');
  // It is still mail, and waits with the rest of it.
  if (cell.kernel.pauses?.isPaused(cell.id) || cell.kernel.serving?.mayBegin === false) {
    cell.durable?.abandonTurn();
    cell.mailbox.putBack([envelope]);
    return cell.wake();
  }
  if (envelope.replyTo?.settled || isLate(cell, envelope)) {
    cell.durable?.skip(envelope);
    turnDone(cell, undefined, undefined);
  } else goOn();
  cell.activeAt(cell.kernel.clock.now());
  cell.wake();
}

function runIfValid(cell: Cell, envelope: Envelope, handler: RunHandler, result: SchemaResult<unknown>): void {
  if (result.issues) refuseSchema(cell, envelope, result.issues);
  else runHandler(cell, envelope, handler, result.value);
}

function refuseSchema(
  cell: Cell,
  envelope: Envelope,
  issues: ReadonlyArray<{ message: string; path?: unknown }>,
): void {
  const text = wordsOfIssues(issues);
  cell.kernel.deadLetters.refuse(
    envelope,
    'INVALID_MESSAGE',
    `a message to ${cell.id} passes its schema; got one of type ${inspect(typeOfMessage(envelope.message))}: ${text}`,
  );
  cell.durable?.skip(envelope);
  turnDone(cell, undefined, undefined);
}

/** Work that is no message: the hooks, a machine's clock. It has no reply; an error fails the cell all the same. */
function runGuarded(cell: Cell, envelope: Envelope | undefined, work: () => unknown): void {
  const { context, kernel } = cell;
  cell.current = envelope;
  cell.durable?.beginTurn(envelope);
  cell.transition('busy');
  if (kernel.trace !== undefined) noteTurn(cell, 'begun', envelope);
  let result: unknown;
  let isAsync = false;
  kernel.running = cell;
  try {
    result = work();
    isAsync = isThenable(result);
  } catch (error) {
    kernel.running = undefined;
    return endTurn(cell, context, envelope, true, error);
  }
  kernel.running = undefined;
  if (isAsync) awaitTurn(cell, envelope, context, result as PromiseLike<unknown>);
  else endTurn(cell, context, envelope, false, undefined);
}

function awaitTurn(
  cell: Cell,
  envelope: Envelope | undefined,
  context: Context<unknown>,
  result: PromiseLike<unknown>,
  sample?: TurnSample,
): void {
  const settle = (isFailure: boolean, value: unknown): void => {
    if (sample !== undefined) endSample(cell, context, sample);
    endTurn(cell, context, envelope, isFailure, value);
    cell.activeAt(cell.kernel.clock.now());
    cell.wake();
  };
  // Not every thenable is a promise that never throws in its `then`.
  Promise.resolve(result).then(
    (value) => settle(false, value),
    (error) => settle(true, error),
  );
}

function turnDone(cell: Cell, envelope: Envelope | undefined, value: unknown): void {
  if (cell.durable !== undefined) return durableTurnDone(cell, cell.durable, envelope, value);
  cell.clearTurn();
  if (cell.stashing) putAside(cell, envelope as Envelope);
  else if (envelope?.replyTo) replyWith(cell, envelope, value);
  if (cell.stopping !== undefined) endCell(cell, endingOf(cell.stopping));
}

function durableTurnDone(cell: Cell, durable: DurableSide, envelope: Envelope | undefined, value: unknown): void {
  try {
    durable.capture();
  } catch (error) {
    return turnFailed(cell, envelope, error);
  }
  cell.clearTurn();
  if (cell.stashing) putAside(cell, envelope as Envelope);
  else if (envelope?.replyTo) replyWith(cell, envelope, value);
  durable.endTurn();
  if (cell.stopping !== undefined) endCell(cell, endingOf(cell.stopping));
}

/** Only now that its turn is over: one that throws after ctx.stash() was handled, and does not come back. */
function putAside(cell: Cell, envelope: Envelope): void {
  cell.stashing = false;
  cell.mailbox.putAside(envelope);
  cell.durable?.putAside(envelope);
}

function turnFailed(cell: Cell, envelope: Envelope | undefined, thrown: unknown): void {
  const givenUp = givenUpBy(cell, envelope, thrown);
  cell.clearTurn();
  cell.stashing = false;
  if (givenUp) return turnGivenUp(cell, envelope as Envelope, givenUp);
  const { durable } = cell;
  if (isRefusal(thrown) && isCaptured(cell)) {
    if (envelope) refuseByHandler(cell, envelope, replyToOf(cell, envelope), thrown);
    durable?.endTurn();
    if (cell.stopping !== undefined) endCell(cell, endingOf(cell.stopping));
    return;
  }
  const error = asError(thrown);
  if (envelope?.verb === 'message') {
    durable?.discardTurn();
    replyToOf(cell, envelope)?.reject(failureFor(cell, envelope, wordsOf(error), error));
    durable?.deadLetter(envelope, 'HANDLER_FAILED');
    cell.kernel.deadLetters.add(cell.id, envelope.message, envelope.sender, 'HANDLER_FAILED', durable !== undefined);
  } else {
    durable?.discardTurn();
  }
  durable?.endTurn();
  cell.behaviour.counters.failures++;
  failCell(cell, error);
}

/** Its message counts as handled, and of a durable actor nothing else of it happened. */
function turnGivenUp(cell: Cell, envelope: Envelope, error: TroupeError): void {
  const { durable } = cell;
  durable?.discardTurn(true);
  // The reply is not kept: the asker did not want it, and does not ask again.
  envelope.replyTo?.reject(error);
  durable?.endTurn();
  durable?.rollBack();
  if (cell.stopping !== undefined) endCell(cell, endingOf(cell.stopping));
}

/** The state of a turn that was refused stands; one that cannot be kept makes it a failure. */
function isCaptured(cell: Cell): boolean {
  try {
    cell.durable?.capture();
    return true;
  } catch {
    return false;
  }
}
