/** What is in messages, replies and states has no business in the log: whatever goes wrong, a line names ids, types and codes. */
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineActor } from '../../../src/actor/define-actor.ts';
import type { Context } from '../../../src/actor/context.ts';
import { traceToLog, TRACE_TOPICS } from '../../../src/observe/trace.ts';
import { Undeliverable } from '../../../src/vocabulary/errors.ts';
import { readSources } from '../sources.ts';
import { startKit } from '../actor/kernel-fixture.ts';

const SECRET = 'DE02120300000000202051';

class Customer {
  readonly iban = SECRET;
}

/** Each is sent by a turn that leaves the failure to its supervision. */
const ODD: readonly unknown[] = [
  SECRET,
  { iban: SECRET },
  { type: 'take', customer: new Customer() },
  { type: 'map', map: new Map([[SECRET, () => {}]]) },
  { type: 'symbol', iban: [SECRET, Symbol(SECRET)] },
  { type: 'strict', iban: SECRET },
  { type: 'unknown', iban: SECRET },
  { type: 'fail', iban: SECRET },
  { type: 'later', iban: SECRET },
  { type: 'give', iban: SECRET },
  { type: 'wrong', iban: SECRET },
  { type: 'large', iban: SECRET.repeat(200_000) },
];

const account = defineActor({
  state: () => ({ iban: SECRET }),
  receive: {
    take() {},
    fail() {
      throw new RangeError('by the test');
    },
    wrong() {
      throw new Undeliverable('RETURNED', 'by the test');
    },
    later: () => new Promise(() => {}),
    give: (ctx: Context<{ iban: string }>) => ({ customer: new Customer(), of: ctx.state.iban }),
    // biome-ignore lint/suspicious/noExplicitAny: messages that are none
    tell: (ctx: Context<object>, { to, odd }: any) => void ctx.tell(to, odd),
    // biome-ignore lint/suspicious/noExplicitAny: messages that are none
    ask: (ctx: Context<object>, { to, odd }: any) => ctx.ask(to, odd, { timeoutMs: 100 }),
  } as never,
});

const strict = defineActor({
  messages: z.object({ type: z.string(), iban: z.number() }) as never,
  receive: { take() {} },
});

test('no line has a part of a message, a reply or a state, whatever goes wrong with it', async () => {
  const kinds = { account, strict, other: account };
  const kits = [true, false].map((checkMessages) => startKit(kinds, { messageBytesMax: 1024 * 1024, checkMessages }));
  for (const { system, clock, process, log } of kits) {
    Object.assign(process.kernel, { trace: traceToLog(log, new Set(TRACE_TOPICS)) });
    for (const odd of ODD)
      for (const to of ['account/a', 'strict/a', 'nobody/a'])
        for (const type of ['tell', 'ask']) {
          const call = { type, to, odd };
          try {
            system.ask('other/b', call, { timeoutMs: 1_000 }).catch(() => {});
            if (type === 'tell') system.tell(to, odd as never);
            else system.ask(to, odd as never).catch(() => {});
          } catch {
            // A mistake of the caller.
          }
          await clock.advance(2_000);
        }
  }
  for (const { log } of kits) {
    expect(log.lines.map(({ text }) => text)).toContain('an actor threw');
    const told = log.lines.filter((line) =>
      inspect(line, { depth: 12, showHidden: true }).includes(SECRET.slice(0, 10)),
    );
    expect(told.map((line) => inspect(line, { depth: 12 }))).toEqual([]);
  }
});

test('no line is given a message, an envelope or a content', () => {
  const calls = Object.entries(readSources()).flatMap(([path, source]) =>
    [...source.matchAll(/\blog\??\.(?:debug|info|warn|error)\(([^;]*)\);/g)].map(([, given = '']) => ({ path, given })),
  );
  expect(calls.length).toBeGreaterThan(40);
  const contents =
    /\b(?:envelope|letter|payload|preview|content|delivery)\b(?!\.(?:to|sender|trace|properties))|[{,]\s*message\b/;
  expect(calls.filter(({ given }) => contents.test(given.replace(/'[^']*'|`[^`]*`/g, '')))).toEqual([]);
});
