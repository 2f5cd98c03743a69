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
const CONNECT_MS_MAX = 30_000;
/** RFC 5321, 4.5.3.2: five minutes for the greeting; ten for the last answer, since who gives up before sends a second copy. */
const GREETING_MS_MAX = 5 * 60_000;
const ANSWER_MS_MAX = 10 * 60_000;

/** Only their answers are about a mail; a login that is refused, say, is not. */
const VERDICTS = new Set(['MAIL FROM', 'RCPT TO', 'DATA']);

/** A promise, since two actors may send their first mails at once. */
let pool: Promise<Transporter> | undefined;

/** One try. Never throws. */
export async function deliver(letter: Letter): Promise<Delivery> {
  try {
    pool ??= openPool();
    await (await pool).sendMail(letter);
    return { result: 'sent' };
  } catch (error) {
    return deliveryOf(error as SmtpError);
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
  const limits = {
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: GREETING_MS_MAX,
    socketTimeout: ANSWER_MS_MAX,
  };
  return createTransport({
    url,
    pool: true,
    maxConnections: CONNECTIONS_MAX,
    idleTimeout: IDLE_MS,
    ...limits,
  });
}

type SmtpError = Error & { responseCode?: number; command?: string };

/** RFC 5321: 4yz may succeed later, 5yz never will. No answer, or one to something else, says nothing about the mail. */
export function deliveryOf({ responseCode = 0, command = '', message }: SmtpError): Delivery {
  const isVerdict = responseCode >= 500 && responseCode < 600 && VERDICTS.has(command);
  return { result: isVerdict ? 'refused' : 'later', reason: message };
}
