/** Commands that talk with actors, as any client does. */
import type { AnyMessage } from '../actor/actor-ref.ts';
import type { ConnectedClient } from '../client/connected-client.ts';
import { type CommandPlan, type Given, wholeOption } from '../cli-ground/command.ts';
import { CommandError, FAILED, wrongUse } from '../cli-ground/exit-codes.ts';
import { shown } from '../cli-ground/output.ts';
import { withSystem } from '../cli-ground/reached-system.ts';
import type { TailedEvent, TailedEvents } from '../gateway/event-tail.ts';
import { ERROR_CODES, type ErrorCode, TroupeError } from '../vocabulary/errors.ts';
import type { Pause } from '../vocabulary/pause.ts';

const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** Milliseconds until the system has taken a message over. */
const ACCEPTED_MS = 10_000;
/** Milliseconds until a look at an actor that has not taken it over. */
const LOOK_MS = 500;
/** Milliseconds in which a message that cannot be handled is heard of. */
const LETTER_MS = 200;

/** `add '{"by":2}'`, or the whole message as JSON. */
function messageOf(type: string, fields: string | undefined): AnyMessage {
  const isWhole = type.startsWith('{');
  if (isWhole && fields !== undefined) throw wrongUse('expected a type and its fields, or one message; got both');
  const parsed = objectOf(isWhole ? type : (fields ?? '{}'));
  const message = isWhole ? parsed : { ...parsed, type };
  if (typeof message.type !== 'string') throw wrongUse(`expected a message with a text 'type'; got ${type}`);
  return message as AnyMessage;
}

function objectOf(text: string): { [name: string]: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw wrongUse(`expected a JSON object such as '{"by":2}'; got ${text} (${(error as Error).message})`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as { [name: string]: unknown };
  throw wrongUse(`expected a JSON object such as '{"by":2}'; got ${text}`);
}

function timeoutOf(options: Given): { timeoutMs?: number } {
  if (options.timeout === undefined) return {};
  return { timeoutMs: wholeOption(options.timeout, '--timeout', 1, TIMEOUT_MS_MAX) };
}

/** A durable actor has taken a message over once that is committed: one that is paused has the mail, and takes it over after the resume. */
async function untilTaken(client: ConnectedClient, id: string): Promise<Pause | undefined> {
  if (await isTaken(client, LOOK_MS)) return undefined;
  // A right to tell is none to look: then it is not known.
  const seen = (await client.call('inspect', [id], ACCEPTED_MS).catch(() => ({}))) as {
    status?: string;
    pause?: Pause;
  };
  if (seen.status === 'paused' && seen.pause !== undefined) return seen.pause;
  if (await isTaken(client, ACCEPTED_MS - LOOK_MS)) return undefined;
  const text = `${id} has not taken the message over within ${ACCEPTED_MS} ms, and may still do so: troupe show ${id}`;
  throw new TroupeError('ASK_TIMEOUT', text, { fate: 'unknown' });
}

async function isTaken(client: ConnectedClient, timeoutMs: number): Promise<boolean> {
  try {
    await client.accepted(timeoutMs);
    return true;
  } catch (error) {
    if (error instanceof TroupeError && error.code === 'ASK_TIMEOUT') return false;
    throw error;
  }
}

/**
 * The events of the system from now on, looked through for what was told: a type that is misspelt is taken over like any other message, and is a dead
 * letter at the actor. Nothing where the rights do not give a look; nothing of a message that waits for longer.
 */
async function lettersOf(client: ConnectedClient, id: string, type: string): Promise<() => Promise<void>> {
  const next = async (waitMs: number): Promise<TailedEvent[]> =>
    ((await client.call('events', [waitMs], ACCEPTED_MS)) as TailedEvents).events;
  const mayLook = await next(0).then(
    () => true,
    () => false,
  );
  return async () => {
    const until = performance.now() + LETTER_MS;
    for (let leftMs = LETTER_MS; mayLook && leftMs > 0; leftMs = Math.floor(until - performance.now())) {
      const letter = (await next(leftMs)).find(
        (each) => each.event === 'dead-letter' && each.to === id && each.type === type,
      );
      if (letter !== undefined) throw deadLetterFault(id, type, letter.reason as ErrorCode);
    }
  };
}

function deadLetterFault(id: string, type: string, reason: ErrorCode): CommandError {
  const text = `the message '${type}' to ${id} became a dead letter: ${ERROR_CODES[reason]}; the log of the system says more`;
  return new CommandError(FAILED, reason, text);
}

const tell: CommandPlan = {
  usage: 'tell <id> <type> [fields]',
  alias: 'send',
  summary:
    'send an actor a message, and wait until the system has taken it over; exit code 1 where it is a dead letter at once',
  example: `troupe tell counter/alice add '{"by":2}'`,
  run: ([id = '', type = '', fields], options, output) => {
    const message = messageOf(type, fields);
    return withSystem(options, async (client) => {
      const fault = new Promise<never>((_resolve, reject) => {
        client.on('refused', ({ error }) => reject(error));
        client.on('dead-letter', ({ reason }) =>
          reject(new CommandError(FAILED, reason, `the message to ${id} did not leave`)),
        );
      });
      const heard = await lettersOf(client, id, message.type);
      client.tell(id, message);
      const pause = await Promise.race([fault, untilTaken(client, id)]);
      if (pause === undefined) await Promise.race([fault, heard()]);
      if (pause === undefined) return output.result({ id, accepted: true }, () => `${id}: accepted`);
      const why = `${pause.pattern} is paused${pause.reason === undefined ? '' : ` (${pause.reason})`}`;
      const text = `${id}: waits, since ${why}; it is handled after the resume, where the system runs until then`;
      output.result({ id, accepted: false, pause }, () => text);
    });
  },
};

const ask: CommandPlan = {
  usage: 'ask <id> <type> [fields]',
  summary: 'send an actor a message, and show its reply',
  example: 'troupe ask counter/alice get --json',
  options: [['--timeout <ms>', 'wait so long (default: the askTimeoutMs of the system)']],
  run: ([id = '', type = '', fields], options, output) => {
    const message = messageOf(type, fields);
    const timeout = timeoutOf(options);
    return withSystem(options, async (client) => {
      const reply: unknown = await client.ask(id, message, timeout);
      output.result(reply, () => shown(reply));
    });
  },
};

const watch: CommandPlan = {
  usage: 'watch <id>',
  summary: 'wait until an actor has ended, and say why; at once where it does not run and is not durable',
  example: 'troupe watch game/7 --timeout 60000',
  options: [['--timeout <ms>', 'give up after so long, with exit code 1 (default: never)']],
  run: ([id = ''], options, output) => {
    const { timeoutMs } = timeoutOf(options);
    return withSystem(options, async (client) => {
      const ended = await new Promise<{ id: string; reason: string }>((resolve, reject) => {
        client.on('refused', ({ error }) => reject(error));
        client.watch(id, resolve);
        if (timeoutMs === undefined) return;
        const text = `${id} has not ended within ${timeoutMs} ms`;
        setTimeout(() => reject(new CommandError(FAILED, 'ASK_TIMEOUT', text)), timeoutMs).unref();
      });
      output.result(ended, () => `${ended.id} has ended: ${ended.reason}`);
    });
  },
};

export const MESSAGE_COMMANDS: readonly CommandPlan[] = [tell, ask, watch];
