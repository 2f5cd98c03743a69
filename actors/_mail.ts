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
  /** The same at every try: who gets a mail twice can tell by it. */
  messageId: string;
  acceptedAt: number;
  tries: number;
  dueAt: number;
}

const RETRY_FIRST_MS = 200;
const RETRY_MS_MAX = 15 * 60_000;
/** RFC 5321, 4.5.4.1: give up after four or five days. */
export const KEPT_MS: number = 4 * 24 * 3_600_000;

const ADDRESS_CHARACTERS_MAX = 254;
const SUBJECT_CHARACTERS_MAX = 500;
const TEXT_CHARACTERS_MAX = 100_000;
/** A dot-atom of RFC 5322 and 6531, which needs no quotes anywhere: what is checked is what is sent. */
const ATOMS = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const HOST = /^[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)*$/u;
const MAIL_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function faultOf({ to, subject, text, id }: MailRequest): string | undefined {
  if (!isText(to, ADDRESS_CHARACTERS_MAX) || !isAddress(to)) return 'to: expected one address name@host';
  if (!isText(subject, SUBJECT_CHARACTERS_MAX)) return `subject: expected at most ${SUBJECT_CHARACTERS_MAX} characters`;
  if (!isText(text, TEXT_CHARACTERS_MAX)) return `text: expected at most ${TEXT_CHARACTERS_MAX} characters`;
  if (id !== undefined && !(isText(id, 64) && MAIL_ID.test(id))) {
    return 'id: expected 1 to 64 characters A-Z, a-z, 0-9, _ and -';
  }
  return undefined;
}

/** The account is the sender of its mails: a name of this host, or an address. */
export function faultOfAccount(account: string): string | undefined {
  const isFit = account.length <= ADDRESS_CHARACTERS_MAX && (isAddress(account) || ATOMS.test(account));
  return isFit ? undefined : 'account: expected a name, or one address name@host';
}

function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  return at > 0 && ATOMS.test(text.slice(0, at)) && HOST.test(text.slice(at + 1));
}

function isText(value: unknown, charactersMax: number): value is string {
  return typeof value === 'string' && value.length <= charactersMax;
}

/** Milliseconds until the next try, twice as long each time; undefined: there is none. */
export function retryMs(tries: number, ageMs: number): number | undefined {
  return ageMs < KEPT_MS ? Math.min(RETRY_MS_MAX, RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 30)) : undefined;
}

/**
 * Made of the mail's id and the fence under which it was accepted, which no other incarnation of the account has: so an id
 * that is used again, long after it was forgotten, is another message.
 */
export function messageIdOf(account: string, id: string, fence: string): string {
  const digest = createHash('sha256').update(`${account} ${fence}`).digest('hex').slice(0, 16);
  return `<${id}.${digest}@${hostOf(account)}>`;
}

/** `X-Fence` tells of two tries of one mail which came later. */
export function letterOf(account: string, fence: string, { to, subject, text, messageId }: Mail): Letter {
  return { from: addressOf(account), to, subject, text, messageId, headers: { 'X-Fence': fence } };
}

/** One that is no address would be something else in a header: it is named by a digest there. */
function addressOf(account: string): string {
  if (faultOfAccount(account)) return `${createHash('sha256').update(account).digest('hex').slice(0, 16)}@localhost`;
  return account.includes('@') ? account : `${account}@localhost`;
}

function hostOf(account: string): string {
  const address = addressOf(account);
  return address.slice(address.lastIndexOf('@') + 1);
}
