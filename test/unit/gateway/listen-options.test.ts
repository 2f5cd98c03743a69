import { describe, expect, test } from 'vitest';
import { TOKEN_LENGTH_MAX } from '../../../src/client-wire/client-greeting.ts';
import {
  CLIENTS_NAMED_MAX,
  HANDSHAKE_MS_MAX,
  LISTENERS_MAX,
  ORIGINS_MAX,
  validateListen,
} from '../../../src/gateway/listen-options.ts';
import { resolveOptions } from '../../../src/options.ts';

describe('the option listen', () => {
  test.each([
    [[{ url: 'unix:.troupe/clients.sock' }]],
    [[{ url: 'unix:///run/x.sock', clients: [{ token: 'x', kinds: ['chat-*'], may: ['tell', 'ask'] }] }]],
    [[{ url: 'tcp://127.0.0.1:7000' }, { url: 'tcp://localhost:7001' }, { url: 'tcp://[::1]:7002' }]],
    [[{ url: 'tcp://0.0.0.0:7000', insecure: true, handshakeMs: 100 }]],
    [[{ url: 'ws://127.0.0.1:7000', origins: ['http://localhost:8080'] }]],
    [[{ url: 'ws://0.0.0.0:7000', insecure: true, clients: [{ token: 'x' }] }]],
    [undefined],
  ])('takes %j', (listen) => {
    expect(validateListen(listen)).toEqual([]);
  });

  test.each<[unknown, string]>([
    ['unix:x', "listen: expected a list of at most 16 { url, … }; got 'unix:x'"],
    [[null], 'listen[0]: expected { url, … }; got null'],
    [
      Array.from({ length: LISTENERS_MAX + 1 }, (_, n) => ({ url: `tcp://127.0.0.1:${7_000 + n}` })),
      `listen: expected a list of at most ${LISTENERS_MAX} { url, … }; got [`,
    ],
    [
      [
        {
          url: 'ws://127.0.0.1:7000',
          origins: Array.from({ length: ORIGINS_MAX + 1 }, (_, n) => `http://a${n}.example`),
        },
      ],
      `listen[0].origins: expected at most ${ORIGINS_MAX} like 'https://shop.example'; got [`,
    ],
    [
      [{ url: 'tcp://127.0.0.1:7000', clients: [{ token: 'x'.repeat(TOKEN_LENGTH_MAX + 1) }] }],
      `listen[0].clients[0].token: expected 1 to ${TOKEN_LENGTH_MAX} characters`,
    ],
    [
      [{ url: 'http://x:1' }],
      "listen[0].url: expected unix:<path>, or tcp:, tls:, ws: or wss:, each with //<host>:<port>; got 'http://x:1'",
    ],
    [[{ url: 'tcp://127.0.0.1:0' }], 'listen[0].url: expected unix:'],
    [[{ url: `unix:/${'x'.repeat(200)}` }], 'listen[0].url: expected the path of a unix socket, at most'],
    [
      [{ url: 'tcp://0.0.0.0:7000' }],
      "listen[0].url: expected a loopback address for tcp:, or tls:, or insecure: true; got 'tcp://0.0.0.0:7000'",
    ],
    [[{ url: 'tcp://127.evil.org:7000' }], 'listen[0].url: expected a loopback address'],
    [
      [{ url: 'ws://0.0.0.0:7000', clients: [{ token: 'x' }] }],
      'listen[0].url: expected a loopback address for ws:, or wss:, or insecure: true',
    ],
    [
      [{ url: 'ws://0.0.0.0:7000', insecure: true }],
      'listen[0].clients: expected who may come in over ws: from elsewhere; got undefined',
    ],
    [[{ url: 'wss://0.0.0.0:7000' }], 'listen[0].clients: expected who may come in over tls: or wss:; got undefined'],
    [[{ url: 'tcp://127.0.0.1:7000', origins: [] }], 'listen[0].origins: expected only with ws: or wss:'],
    ...['*', 'https://shop.example/', 'shop.example', 'null'].map((origin): [unknown, string] => [
      [{ url: 'ws://127.0.0.1:7000', origins: [origin] }],
      "listen[0].origins: expected at most 1000 like 'https://shop.example'; got",
    ]),
    [[{ url: 'unix:x', cert: 'y' }], 'listen[0].cert: expected only with tls: or wss:; got it with another url'],
    [[{ url: 'unix:x', tokn: 'y' }], 'listen[0].tokn: expected one of'],
    [[{ url: 'unix:x', handshakeMs: 0 }], 'listen[0].handshakeMs: expected a whole number from 1 to 60000; got 0'],
    [
      [{ url: 'unix:x', handshakeMs: HANDSHAKE_MS_MAX + 1 }],
      `listen[0].handshakeMs: expected a whole number from 1 to ${HANDSHAKE_MS_MAX}`,
    ],
    [[{ url: 'unix:x', insecure: 1 }], 'listen[0].insecure: expected true or false; got 1'],
    [[{ url: 'unix:x', clients: {} }], 'listen[0].clients: expected a list'],
    [[{ url: 'unix:x', clients: [{}] }], 'listen[0].clients[0]: expected a token or a cn; got neither'],
    [
      [{ url: 'unix:x', clients: [{ cn: 'ada' }] }],
      'listen[0].clients[0].cn: expected the common name of a certificate, with tls:',
    ],
    [[{ url: 'unix:x', clients: [{ token: '' }] }], 'listen[0].clients[0].token: expected 1 to 1024 characters; got 0'],
    [[{ url: 'unix:x', clients: [{ token: 'x', kinds: ['A b'] }] }], 'listen[0].clients[0].kinds: expected patterns'],
    [
      [{ url: 'unix:x', clients: [{ token: 'x', may: ['fly'] }] }],
      'listen[0].clients[0].may: expected some of tell, ask',
    ],
    [
      [{ url: 'tls://x:1', cert: 'c', key: 'k' }],
      'listen[0].clients: expected who may come in over tls: or wss:; got undefined',
    ],
    [[{ url: 'tls://x:1', clients: [] }], 'listen[0].cert: expected PEM'],
    [
      [{ url: 'tls://x:1', cert: 'c', key: 'k', clients: [] }],
      'listen[0].cert, key: expected a certificate and its key in PEM',
    ],
  ])('refuses %j', (listen, text) => {
    expect(validateListen(listen).some((fault) => fault.startsWith(text))).toBe(true);
    expect(() => resolveOptions({ listen } as never)).toThrow(text);
  });

  test(`names ${CLIENTS_NAMED_MAX} clients at most`, () => {
    const clients = Array.from({ length: CLIENTS_NAMED_MAX + 1 }, (_, n) => ({ token: `t${n}` }));
    expect(validateListen([{ url: 'unix:x', clients: clients.slice(1) }])).toEqual([]);
    expect(validateListen([{ url: 'unix:x', clients }])).toEqual([
      `listen[0].clients: expected a list of at most ${CLIENTS_NAMED_MAX} { token, … }; got one of ${clients.length}`,
    ]);
  });

  test('repeats no token in an error', () => {
    const faults = validateListen([{ url: 'unix:x', clients: [{ token: 's3cret'.repeat(1_000) }] }]);
    expect(faults.join()).toContain('got 6000');
    expect(faults.join()).not.toContain('s3cret');
  });
});
