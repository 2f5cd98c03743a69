/**
 * The way to the SMTP server of `SMTP_URL` (default: loopback, port 2525): one pool of connections for each process, opened by the first mail, and
 * what the server's answer means for a mail.
 */
import type { Transporter } from 'nodemailer';

export interface Letter {
  from: string;
  to: string;
  subject: string;
  text: string;
  messageId: string;
  headers: Record<string, string>;
}

/** `later`: worth another try. `refused`: the server will never take it. */
export type Delivery = { result: 'sent' } | { result: 'later' | 'refused'; reason: string };

const CONNECTIONS_MAX = 4;
const IDLE_MS = 5_000;
/** Less than the default deadline of an ask, so that a server that hangs does not time out those who ask the actor. */
const ANSWER_MS_MAX = 4_000;

/** A promise, since two actors may send their first mails at once. */
let pool: Promise<Transporter> | undefined;

/** One try. Never throws. */
export async function deliver(letter: Letter): Promise<Delivery> {
  try {
    pool ??= openPool();
    await (await pool).sendMail(letter);
    return { result: 'sent' };
  } catch (error) {
    return deliveryOf(error as Error & { responseCode?: number });
  }
}

export async function closeSmtp(): Promise<void> {
  const open = pool;
  pool = undefined;
  await open?.then((transport) => transport.close()).catch(() => {});
}

/** Imported at the first mail: processes that send none do without it. */
async function openPool(): Promise<Transporter> {
  const { createTransport } = await import('nodemailer');
  const url = process.env.SMTP_URL ?? 'smtp://127.0.0.1:2525';
  const limits = { connectionTimeout: ANSWER_MS_MAX, greetingTimeout: ANSWER_MS_MAX, socketTimeout: ANSWER_MS_MAX };
  return createTransport({
    url,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    idleTimeout: IDLE_MS,
    ...limits,
  });
}

/** RFC 5321: 4yz may succeed later, 5yz never will. No answer at all says nothing about the mail. */
function deliveryOf(error: Error & { responseCode?: number }): Delivery {
  const { responseCode = 0, message } = error;
  return { result: responseCode >= 500 ? 'refused' : 'later', reason: message };
}
