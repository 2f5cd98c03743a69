/** A mail: what is asked for, whether it is fit to be sent, when it is tried again, and the letter that it becomes. */
import { createHash } from 'node:crypto';
import type { Letter } from './_smtp.ts';

export interface MailRequest {
  to: string;
  subject: string;
  text: string;
  /** A repeat with the same id is the same mail. */
  id?: string;
}

/** A mail in the outbox. */
export interface Mail extends Required<MailRequest> {
  /** The actor that hears of a failure. */
  sender: string | undefined;
  tries: number;
  dueAt: number;
}

/** All tries take about 80 seconds; a service that means it would go on for days. */
export const TRIES_MAX = 10;
const RETRY_FIRST_MS = 200;
const RETRY_MS_MAX = 30_000;

const ADDRESS_CHARACTERS_MAX = 254;
const SUBJECT_CHARACTERS_MAX = 500;
const TEXT_CHARACTERS_MAX = 100_000;
const ADDRESS = /^[^\s<>",;:@]+@[^\s<>",;:@]+$/;
const MAIL_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function faultOf({ to, subject, text, id }: MailRequest): string | undefined {
  if (!isText(to, ADDRESS_CHARACTERS_MAX) || !ADDRESS.test(to)) return 'to: expected one address name@host';
  if (!isText(subject, SUBJECT_CHARACTERS_MAX)) return `subject: expected at most ${SUBJECT_CHARACTERS_MAX} characters`;
  if (!isText(text, TEXT_CHARACTERS_MAX)) return `text: expected at most ${TEXT_CHARACTERS_MAX} characters`;
  if (id !== undefined && !(isText(id, 64) && MAIL_ID.test(id))) {
    return 'id: expected 1 to 64 characters A-Z, a-z, 0-9, _ and -';
  }
  return undefined;
}

function isText(value: unknown, charactersMax: number): value is string {
  return typeof value === 'string' && value.length <= charactersMax;
}

/** Milliseconds until the next try, twice as long each time; undefined: there is none. */
export function retryMs(tries: number): number | undefined {
  return tries < TRIES_MAX ? Math.min(RETRY_MS_MAX, RETRY_FIRST_MS * 2 ** (tries - 1)) : undefined;
}

/** The Message-ID is made of the mail's id: who gets a mail twice, because an answer was lost, can tell by it. */
export function letterOf(account: string, fence: string, { id, to, subject, text }: Mail): Letter {
  const from = account.includes('@') ? account : `${account}@localhost`;
  const host = from.slice(from.lastIndexOf('@') + 1);
  const digest = createHash('sha256').update(account).digest('hex').slice(0, 12);
  return { from, to, subject, text, messageId: `<${id}.${digest}@${host}>`, headers: { 'X-Fence': fence } };
}
