import { afterEach, describe, expect, it, vi } from 'vitest';
import { MISTAKES_REPORTED_MAX } from '../../../src/observe/mistakes.ts';
import { defineActor, errorOf, startKit, thrownBy } from '../actor/kernel-fixture.ts';

const counter = defineActor({
  receive: {
    add: () => {},
    get: () => 1,
    misspell: (ctx) => void ctx.tell('counter/b', { type: 'gett' }),
  },
});

afterEach(() => vi.unstubAllEnvs());

function start(): ReturnType<typeof startKit> & { warnings(): unknown[] } {
  const kit = startKit({ counter });
  const warnings = (): unknown[] =>
    kit.log.lines.filter(({ level }) => level === 'warn').map(({ fields, text }) => ({ ...fields, text }));
  return { ...kit, warnings };
}

describe('a tell that nobody can handle', () => {
  it('is said once for each kind, type and reason, with what is known and what was probably meant', async () => {
    const { system, clock, warnings } = start();
    for (let n = 0; n < 3; n++) {
      system.tell(`countre/${n}`, { type: 'add' });
      system.tell(`counter/${n}`, { type: 'ad' });
    }
    system.tell('counter/a', { type: 'misspell' });
    system.tell('counter/a', { type: 'add', f: () => {} } as never);
    await clock.settle();
    const what = 'a message became a dead letter:';
    expect(warnings()).toEqual([
      {
        ...{ to: 'countre/0', type: 'add', reason: 'UNKNOWN_KIND' },
        text: `${what} an id has one of the kinds counter; got countre/0 (did you mean 'counter'?)`,
      },
      {
        ...{ to: 'counter/a', type: 'add', reason: 'INVALID_MESSAGE' },
        text: expect.stringContaining(`${what} a message is plain data`),
      },
      {
        ...{ to: 'counter/0', type: 'ad', reason: 'UNKNOWN_MESSAGE' },
        text: `${what} counter/0 handles messages of the types add, get, misspell; got 'ad' (did you mean 'add'?)`,
      },
      {
        ...{ to: 'counter/b', type: 'gett', sender: 'counter/a', reason: 'UNKNOWN_MESSAGE' },
        text: `${what} counter/b handles messages of the types add, get, misspell; got 'gett' (did you mean 'get'?)`,
      },
    ]);
  });

  it('is said for so many mistakes only, each of them short', async () => {
    const { system, clock, warnings, dead } = start();
    for (let n = 0; n < MISTAKES_REPORTED_MAX + 10; n++) system.tell('counter/a', { type: `${'x'.repeat(1_000)}${n}` });
    for (let n = 0; n < MISTAKES_REPORTED_MAX + 10; n++) system.tell('counter/a', { type: `t${n}` });
    await clock.settle();
    expect([warnings().length, dead().length]).toEqual([MISTAKES_REPORTED_MAX, 2 * MISTAKES_REPORTED_MAX + 20]);
    for (const { type, text } of warnings() as { type: string; text: string }[])
      expect(type.length + text.length).toBeLessThan(500);
  });

  it('is a dead letter and nothing more in production, or where an ask is told', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const silent = start();
    silent.system.tell('countre/a', { type: 'add' });
    expect([silent.warnings(), silent.dead()]).toEqual([[], ['countre/a:add:UNKNOWN_KIND']]);
    vi.unstubAllEnvs();
    const asked = start();
    const { message } = await errorOf(asked.system.ask('counter/a', { type: 'ad' }));
    expect([message.endsWith("(did you mean 'add'?)"), asked.warnings()]).toEqual([true, []]);
  });
});

describe('a call with a name that does not exist', () => {
  it('says which was probably meant', async () => {
    const { system } = start();
    const texts = [
      (await errorOf(system.spawn('conter'))).message,
      (await errorOf(system.move('conter/a', 1))).message,
      (await errorOf(system.spawn('counter', { kee: 'a' } as never))).message,
      thrownBy(() => system.ask('counter/a', { type: 'get' }, { timeoutMS: 5 } as never)).message,
      thrownBy(() => startKit({ counter: defineActor({ receive: {}, onstart: () => {} } as never) })).message,
      thrownBy(() => startKit({ counter: defineActor({ receive: {}, supervision: { intensty: 5 } } as never) }))
        .message,
      thrownBy(() => startKit({ counter: defineActor({ receive: {}, mailbox: { capasity: 5 } } as never) })).message,
    ];
    const meant = texts.map((text) => /did you mean '([^']+)'/.exec(text)?.[1]);
    expect(meant).toEqual(['counter', 'counter', 'key', 'timeoutMs', 'onStart', 'intensity', 'capacity']);
  });
});
