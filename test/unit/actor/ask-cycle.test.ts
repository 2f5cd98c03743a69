import { describe, expect, it } from 'vitest';
import { ASK_CYCLE_MAX } from '../../../src/actor/ask-cycle.ts';
import { defineActor, errorOf, Gate, startKit } from './kernel-fixture.ts';

let gate = new Gate();

const node = defineActor({
  receive: {
    /** Asks along a path of keys, and answers with what the last one answers. */
    follow: (ctx, { path }: { path: string[] }): unknown => {
      const [next, ...rest] = path;
      return next === undefined ? ctx.key : ctx.ask(`node/${next}`, { type: 'follow', path: rest });
    },
    /** Waits for the gate before it goes on. */
    'follow-later': async (ctx, { path }: { path: string[] }): Promise<unknown> => {
      await gate.opened;
      const [next, ...rest] = path;
      return ctx.ask(`node/${next}`, { type: 'follow', path: rest });
    },
    /** Its turn ends before the ask is answered. */
    'ask-and-go': (ctx, { path }: { path: string[] }) => {
      const [next, ...rest] = path;
      void ctx.ask(`node/${next}`, { type: 'follow', path: rest }).then((value) => answers.push(value));
    },
    both: (ctx, { a, b }: { a: string; b: string }) =>
      Promise.all([a, b].map((key) => ctx.ask(`node/${key}`, { type: 'follow', path: ['shared'] }))),
  },
});
const starter = defineActor({
  onStart: (ctx) => ctx.ask('node/a', { type: 'follow-starter' }, { timeoutMs: 1_000 }),
  receive: { 'no-op': () => {} },
});
const asking = defineActor({
  receive: { 'follow-starter': (ctx) => ctx.ask('starter/a', { type: 'no-op' }) },
});
const answers: unknown[] = [];

function start(): ReturnType<typeof startKit> {
  gate = new Gate();
  answers.length = 0;
  return startKit({ node });
}

function ringOf(message: string): string {
  return message.slice(message.indexOf('the ring ') + 'the ring '.length);
}

/** The innermost cause: each actor of a ring hands the failure to its own asker. */
function root(error: Error): Error & { code?: string; fate?: string } {
  return error.cause instanceof Error ? root(error.cause) : error;
}

describe('a waiting ring', () => {
  it('of one actor fails with ASK_CYCLE', async () => {
    const { system } = start();
    const error = root(await errorOf(system.ask('node/a', { type: 'follow', path: ['a'] })));
    expect([error.code, error.fate, ringOf(error.message)]).toEqual(['ASK_CYCLE', 'not-executed', 'node/a → node/a']);
  });

  it.each([
    [['b', 'a'], 'node/b → node/a → node/b'],
    [['b', 'c', 'a'], 'node/c → node/a → node/b → node/c'],
    [['b', 'c', 'd', 'e', 'b'], 'node/e → node/b → node/c → node/d → node/e'],
  ])('a %j fails with ASK_CYCLE naming it', async (path, ring) => {
    const { system, clock } = start();
    const now = clock.now();
    const error = root(await errorOf(system.ask('node/a', { type: 'follow', path })));
    expect([error.code, ringOf(error.message)]).toEqual(['ASK_CYCLE', ring]);
    expect(clock.now()).toBe(now);
  });

  it('is found up to a length; a longer one ends with the deadline of its asks', async () => {
    const { system, clock } = start();
    const around = async (length: number): Promise<string | undefined> => {
      const ring = Array.from({ length }, (_, n) => `${length}-${n}`);
      const path = [...ring.slice(1), ring[0] as string];
      const failed = errorOf(system.ask(`node/${ring[0]}`, { type: 'follow', path }, { timeoutMs: 1_000 }));
      await clock.advance(2_000);
      return root(await failed).code;
    };
    expect([await around(ASK_CYCLE_MAX), await around(ASK_CYCLE_MAX + 1)]).toEqual(['ASK_CYCLE', 'ASK_TIMEOUT']);
  });

  it('closed by turns that began independently fails too: just the ask that closed it', async () => {
    const { system, clock } = start();
    const asks = [['a', 'b'] as const, ['b', 'c'] as const, ['c', 'a'] as const].map(([from, to]) =>
      system.ask(`node/${from}`, { type: 'follow-later', path: [to] }).catch((error) => root(error).code),
    );
    await clock.settle();
    gate.open();
    await clock.settle();
    // The actor whose turn failed handles the rest after its restart.
    await clock.advance(100);
    expect(await Promise.all(asks)).toEqual(['b', 'c', 'ASK_CYCLE']);
  });

  it('through an actor that starts is found too', async () => {
    const { system, clock, heard } = startKit({ starter, node: asking });
    system.tell('starter/a', { type: 'no-op' });
    await clock.advance(10);
    const [failed] = heard('dead-letter');
    expect(failed).toMatchObject({ to: 'node/a', reason: 'HANDLER_FAILED' });
  });
});

describe('no waiting ring', () => {
  it('is a path that meets the same actor twice, one after the other', async () => {
    const { system } = start();
    expect(await system.ask('node/a', { type: 'follow', path: ['b', 'c'] })).toBe('c');
    expect(await system.ask('node/c', { type: 'follow', path: ['b', 'a'] })).toBe('a');
  });

  it('is an actor that is asked on two ways at once', async () => {
    const { system } = start();
    expect(await system.ask('node/top', { type: 'both', a: 'left', b: 'right' })).toEqual(['shared', 'shared']);
  });

  it('is an ask whose turn is over when it comes back round', async () => {
    const { system, clock } = start();
    await system.ask('node/a', { type: 'ask-and-go', path: ['b', 'a'] });
    await clock.settle();
    expect(answers).toEqual(['a']);
  });
});
