import { describe, expect, it } from 'vitest';
import { checkConsume, idOfDelivery, PREFETCH_MAX } from '../../../src/rabbitmq/consume-options.ts';
import { contentOf, propertiesOf } from '../../../src/rabbitmq/exchange-message.ts';
import { exchange } from '../../../src/rabbitmq/exchange.ts';
import { withoutSecrets } from '../../../src/rabbitmq/rabbit-gateway.ts';
import { checkRabbit } from '../../../src/rabbitmq/rabbit-options.ts';
import { rabbitmq } from '../../../src/rabbitmq/index.ts';
import type { System } from '../../../src/system/system.ts';

const fine = { to: () => 'a/b', message: () => ({ type: 'x' }) };
const faults: [what: object, text: string][] = [
  [{ to: 'a/b' }, "to: expected a function of the delivery; got 'a/b'"],
  [{ message: undefined }, 'message: expected a function of the delivery; got undefined'],
  [{ prefetch: 0 }, `prefetch: expected a whole number from 1 to ${PREFETCH_MAX}; got 0`],
  [
    { prefetch: PREFETCH_MAX + 1 },
    `prefetch: expected a whole number from 1 to ${PREFETCH_MAX}; got ${PREFETCH_MAX + 1}`,
  ],
  [{ once: 'yes' }, "once: expected true, false or a function of the delivery; got 'yes'"],
  [{ tries: 1.5 }, 'tries: expected a whole number from 1 to 1000; got 1.5'],
  [{ timeoutMs: 0 }, 'timeoutMs: expected a whole number from 1 to 86400000; got 0'],
  [{ declare: {} }, 'declare: expected a function; got {}'],
  [{ prefetsh: 1 }, "did you mean 'prefetch'"],
];

describe('options', () => {
  it.each(faults)('of consume: %o', (what, text) => {
    expect(() => checkConsume('q', { ...fine, ...what })).toThrow(text);
  });

  it('of a connection: its text shows no password', () => {
    expect(() => checkRabbit({ url: 'http://user:secret@host' })).toThrow('url: expected amqp://… or amqps://…');
    expect(() => checkRabbit({ url: 'http://user:secret@host' })).not.toThrow('secret');
    expect(() => checkRabbit({ url: 'amqp://a', uri: 1 } as never)).toThrow("did you mean 'url'");
    expect(checkRabbit({ url: 'amqp://u:p@host/v' }).url).toBe('amqp://u:p@host/v?heartbeat=10');
    expect(checkRabbit({ url: 'amqp://host?heartbeat=3' }).url).toBe('amqp://host?heartbeat=3');
    expect(withoutSecrets('amqps://u:p@host:1/v?x=y')).toBe('amqps://host:1/v');
  });

  it('of an exchange', () => {
    expect(() => exchange({ url: 'amqp://a', mandatory: 1 as never })).toThrow(
      'mandatory: expected true or false; got 1',
    );
    expect(() => exchange({ url: 'amqp://a', declare: 1 as never })).toThrow('declare: expected a function; got 1');
  });

  it('a gateway wants a system of this copy of the package', async () => {
    await expect(rabbitmq({} as System, { url: 'amqp://a' })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
  });
});

describe('a message id', () => {
  const delivery = (messageId: unknown) =>
    ({ properties: { messageId }, content: Buffer.alloc(0), fields: {} }) as never;

  it('is a text of at most 255 bytes', () => {
    expect(idOfDelivery('q', true, delivery('x'.repeat(255)))?.name).toHaveLength(257);
    expect(() => idOfDelivery('q', true, delivery('x'.repeat(256)))).toThrow(
      'message id: expected a text of at most 255 bytes',
    );
    expect(() => idOfDelivery('q', () => 5 as never, delivery('x'))).toThrow('got 5');
    expect(idOfDelivery('q', true, delivery(undefined))).toBeUndefined();
    expect(idOfDelivery('q', true, delivery(''))).toBeUndefined();
  });
});

describe('what is published', () => {
  it('has bytes and texts as they are, and all else as JSON', () => {
    expect(contentOf({ content: 'text' })).toEqual({ bytes: Buffer.from('text'), type: undefined });
    expect(contentOf({ content: new Uint8Array([1, 2]) }).bytes).toEqual(Buffer.from([1, 2]));
    expect(contentOf({ content: { a: [1] } })).toEqual({ bytes: Buffer.from('{"a":[1]}'), type: 'application/json' });
    for (const content of [undefined, 1n, { a: 1n }])
      expect(() => contentOf({ content })).toThrow('content: expected bytes, a text or JSON');
  });

  it('has the properties that were given, and no others', () => {
    const given = { content: 1, expirationMs: 5, priority: 0, kind: 'k', correlationId: 'c', headers: { a: 1 } };
    expect(propertiesOf(given, 'application/json', true)).toEqual({
      ...{ headers: { a: 1 }, persistent: true, priority: 0, contentType: 'application/json', correlationId: 'c' },
      ...{ type: 'k', expiration: '5', mandatory: true },
    });
    for (const wrong of [
      { routingKey: 'x'.repeat(256) },
      { priority: 10 },
      { expirationMs: -1 },
      { headers: [] },
      { persistent: 'yes' },
      { appId: 7 },
    ])
      expect(() => propertiesOf({ content: 1, ...wrong } as never, undefined, true)).toThrow(
        `${Object.keys(wrong)[0]}: expected`,
      );
  });
});
