/**
 * Reads, from the watchdog thread, what runs in the event loop of this process, which gives no answer: the thread pauses it with the
 * debugger of the same process, reads the stack and the actor whose turn runs, and lets it go on. JavaScript can be paused
 * wherever it loops or waits by a call of V8, a regular expression and `Atomics.wait` included. A synchronous call of the system cannot: of that the kernel says
 * which it is.
 */
import { type Debugger, Session } from 'node:inspector';
import type { LoopRun } from '../observe/checkup.ts';
import { LOOP_PROBE } from './loop-symbol.ts';
import { nativeCall } from './native-call.ts';
import { sourceLine } from './source-place.ts';

/** Milliseconds for the loop to come to a place where it can be paused. */
export const PAUSE_MS_MAX = 1_000;
/** Functions of a stack that are shown. */
export const STACK_SHOWN_MAX = 8;
/** Functions whose variables are searched for an actor, and the variables of each. */
const FRAMES_SEARCHED_MAX = 50;
const VARIABLES_MAX = 100;
const CONTEXT_CLASS = 'ActorContext';
const PROBE = `globalThis[Symbol.for('${LOOP_PROBE}')]`;

export async function readLoop(): Promise<LoopRun> {
  const session = new Session();
  session.connectToMainThread();
  let timer: NodeJS.Timeout | undefined;
  try {
    const paused = new Promise<Debugger.CallFrame[] | undefined>((resolve) => {
      session.once('Debugger.paused', ({ params }) => resolve(params.callFrames));
      timer = setTimeout(resolve, PAUSE_MS_MAX, undefined);
    });
    const scripts: Scripts = new Map();
    session.on('Debugger.scriptParsed', ({ params }) => scripts.set(params.scriptId, params));
    const enabled = request(session, 'Debugger.enable');
    const pausing = request(session, 'Debugger.pause');
    for (const each of [enabled, pausing]) each.catch(() => {});
    const frames = await paused;
    return frames === undefined
      ? { stack: [], isNative: true, native: nativeCall() }
      : await readFrames(session, frames, scripts);
  } finally {
    clearTimeout(timer);
    // The loop goes on with the end of the session that has paused it.
    session.disconnect();
  }
}

/** Since a frame of a module has no address of its own. */
type Scripts = Map<string, Pick<Debugger.ScriptParsedEventDataType, 'url' | 'sourceMapURL'>>;

async function readFrames(
  session: Session,
  frames: Debugger.CallFrame[],
  scripts: Readonly<Scripts>,
): Promise<LoopRun> {
  const stack = frames.slice(0, STACK_SHOWN_MAX).map((frame) => lineOf(frame, scripts));
  const found = (await runningActor(session, frames[0])) ?? (await actorOfFrames(session, frames));
  return { ...found, stack, isNative: false };
}

type Found = Pick<LoopRun, 'actor' | 'type' | 'forMs'>;

/** In the synchronous part of a turn. */
async function runningActor(session: Session, frame: Debugger.CallFrame | undefined): Promise<Found | undefined> {
  if (frame === undefined) return undefined;
  const { result } = (await request(session, 'Debugger.evaluateOnCallFrame', {
    ...{ callFrameId: frame.callFrameId, expression: `${PROBE}?.()`, returnByValue: true, silent: true },
  })) as { result: { value?: unknown } };
  return foundIn(result.value);
}

/** Behind an `await` the runtime is not on the stack: the handler is, and has the context of its actor among its variables. */
async function actorOfFrames(session: Session, frames: Debugger.CallFrame[]): Promise<Found | undefined> {
  for (const { scopeChain } of frames.slice(0, FRAMES_SEARCHED_MAX)) {
    for (const { type, object } of scopeChain) {
      if (type === 'global' || type === 'module' || type === 'script' || object.objectId === undefined) continue;
      const { result } = (await request(session, 'Runtime.getProperties', {
        ...{ objectId: object.objectId, ownProperties: true },
      })) as { result: { value?: { className?: string; objectId?: string } }[] };
      const context = result.slice(0, VARIABLES_MAX).find(({ value }) => value?.className === CONTEXT_CLASS)?.value;
      if (context?.objectId === undefined) continue;
      const answer = (await request(session, 'Runtime.callFunctionOn', {
        ...{ objectId: context.objectId, returnByValue: true, silent: true },
        functionDeclaration: `function () { return ${PROBE}?.(this); }`,
      })) as { result: { value?: unknown } };
      const found = foundIn(answer.result.value);
      if (found) return found;
    }
  }
  return undefined;
}

function foundIn(text: unknown): Found | undefined {
  return typeof text === 'string' ? ((JSON.parse(text) as Found | null) ?? undefined) : undefined;
}

function lineOf({ functionName, location }: Debugger.CallFrame, scripts: Readonly<Scripts>): string {
  const { url = '', sourceMapURL } = scripts.get(location.scriptId) ?? {};
  const line = sourceLine(sourceMapURL, location.lineNumber, location.columnNumber ?? 0);
  return `${functionName || '(anonymous)'} (${url.replace('file://', '')}:${line})`;
}

function request(session: Session, method: string, params: object = {}): Promise<unknown> {
  return new Promise((resolve, reject) =>
    session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))),
  );
}
