import { expect, test } from 'vitest';
import { readTicket, TICKET_MS, writeTicket } from '../../../src/gateway/direct-ticket.ts';
import { Rights } from '../../../src/gateway/rights.ts';

const RIGHTS = new Rights('shop', ['ask', 'tell'], ['order*']);
const ticket = writeTicket(RIGHTS, '/run/c1.1.sock', 'secret', 1_000) as string;

test('a ticket has the rights of its client, for one socket and a moment', () => {
  const rights = readTicket(ticket, '/run/c1.1.sock', 'secret', 1_000 + TICKET_MS);
  expect(rights?.data).toEqual(RIGHTS.data);
  expect(rights?.refusal('ask', 'order/1')).toBeUndefined();
  expect(rights?.refusal('ask', 'user/1')).toContain('does not reach user/1');
  expect(readTicket(ticket, '/run/c1.1.sock', 'secret', 1_001 + TICKET_MS)).toBeUndefined();
  expect(readTicket(ticket, '/run/c2.1.sock', 'secret', 1_000)).toBeUndefined();
  expect(readTicket(ticket, '/run/c1.1.sock', 'another', 1_000)).toBeUndefined();
});

test('what is no ticket, or was changed, gives no rights', () => {
  const [body = '', signature = ''] = ticket.split('.');
  const more = JSON.parse(Buffer.from(body, 'base64url').toString()) as { may: string[] };
  more.may.push('admin');
  const raised = `${Buffer.from(JSON.stringify(more)).toString('base64url')}.${signature}`;
  for (const one of [raised, body, `${body}.`, `.${signature}`, '', '.', 'a.b.c'])
    expect(readTicket(one, '/run/c1.1.sock', 'secret', 1_000), one).toBeUndefined();
});

test('rights that make a token too long give no ticket: all goes by the process that serves', () => {
  const kinds = Array.from({ length: 100 }, (_, n) => `kind-number-${n}`);
  expect(writeTicket(new Rights('shop', ['ask'], kinds), '/run/c1.1.sock', 'secret', 0)).toBeUndefined();
});
