/** Changes from the page: calls that the command line makes too, and messages to actors. */
import { shown } from '../inspection/shown.ts';
import type { AnyMessage } from '../actor/actor-ref.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { CallArgument } from '../wire/entry.ts';
import { callOf, type Ground } from './ground.ts';
import { changeLetters } from './letters.ts';

/** Milliseconds that an ask from the page waits. */
export const PAGE_ASK_MS = 5_000;

type Fields = { readonly [name: string]: unknown };

interface Change {
  /** Names of its fields, in the order of the call's arguments. */
  readonly takes: readonly string[];
  run(ground: Ground, fields: Fields): Promise<unknown>;
}

/** By the last part of its path. */
export const CHANGES: { readonly [name: string]: Change } = {
  stop: ofCall('stop', ['id', 'reason']),
  kill: ofCall('kill', ['id']),
  move: ofCall('move', ['id', 'worker']),
  pause: ofCall('pause', ['pattern', 'reason']),
  resume: ofCall('resume', ['pattern', 'perSecond']),
  'add-worker': ofCall('add-worker', ['role']),
  'remove-worker': ofCall('remove-worker', ['worker']),
  'restart-worker': ofCall('restart-worker', ['worker']),
  reload: ofCall('reload', []),
  resend: { takes: ['ids'], run: (ground, { ids }) => changeLetters(ground, 'resend', ids) },
  discard: { takes: ['ids'], run: (ground, { ids }) => changeLetters(ground, 'discard', ids) },
  tell: { takes: ['id', 'message'], run: tell },
  ask: { takes: ['id', 'message'], run: ask },
};

function ofCall(name: string, takes: readonly string[]): Change {
  return {
    takes,
    run: async (ground, fields) => {
      const args = takes.map((field) => (fields[field] ?? null) as CallArgument);
      return { done: name, answer: await callOf<unknown>(ground, name, ...args) };
    },
  };
}

/** Throws INVALID_OPTIONS for what is no object of the fields that it takes. */
export async function change(ground: Ground, name: string, body: unknown): Promise<unknown> {
  const { takes, run } = CHANGES[name] as Change;
  const fields = typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Fields) : undefined;
  const stranger = Object.keys(fields ?? {}).find((field) => !takes.includes(field));
  if (fields === undefined || stranger !== undefined) {
    const expected = takes.length === 0 ? 'an empty object' : `an object with ${takes.join(', ')}`;
    throw new TroupeError('INVALID_OPTIONS', `${name}: expected ${expected}; got ${inspect(stranger ?? body)}`);
  }
  return run(ground, fields);
}

async function tell({ system, rights }: Ground, { id, message }: Fields): Promise<unknown> {
  refuse(rights.refusal('tell', String(id)));
  return { done: 'tell', answer: system.tell(id as string, message as AnyMessage) };
}

async function ask({ system, rights, redaction }: Ground, { id, message }: Fields): Promise<unknown> {
  refuse(rights.refusal('ask', String(id)));
  const reply = await system.ask(id as string, message as AnyMessage, { timeoutMs: PAGE_ASK_MS });
  return { done: 'ask', answer: redaction.of(id as string, shown(reply).value) };
}

function refuse(refusal: string | undefined): void {
  if (refusal !== undefined) throw new TroupeError('FORBIDDEN', refusal, { fate: 'not-executed' });
}
