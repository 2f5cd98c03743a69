/**
 * A ticket lets a client in at the socket of a worker (direct-socket.ts). It is the client's rights, signed by the process that serves it with the secret that all
 * processes of the system share. Good for one socket, and for a moment.
 */
import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { TOKEN_LENGTH_MAX } from '../client-wire/client-greeting.ts';
import { isSameSecret } from '../wire/handshake.ts';
import { Rights, type RightsData } from './rights.ts';

/** Milliseconds that a ticket is good for, on the clock of the machine. */
export const TICKET_MS = 10_000;

interface Written extends RightsData {
  readonly until: number;
}

/** Undefined where it would be longer than a token may be. */
export function writeTicket(rights: Rights, socket: string, secret: string, now: number): string | undefined {
  const written: Written = { ...rights.data, until: now + TICKET_MS };
  const body = Buffer.from(JSON.stringify(written)).toString('base64url');
  const ticket = `${body}.${signed(body, socket, secret)}`;
  return ticket.length <= TOKEN_LENGTH_MAX ? ticket : undefined;
}

/** Undefined where it is none, or one of another socket, or too old. */
export function readTicket(ticket: string, socket: string, secret: string, now: number): Rights | undefined {
  const [body = '', signature = ''] = ticket.split('.');
  if (!isSameSecret(signed(body, socket, secret), signature)) return undefined;
  const { name, may, kinds, until } = JSON.parse(Buffer.from(body, 'base64url').toString()) as Written;
  return now > until ? undefined : new Rights(name, may, kinds);
}

function signed(body: string, socket: string, secret: string): string {
  return createHmac('sha256', secret).update(`${socket}\n${body}`).digest('base64url');
}
