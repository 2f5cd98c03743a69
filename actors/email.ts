/**
 * One account's outbox, on disk: `tell('email/<account>', { type: 'send', to, subject, text, id? })`.
 * A mail is accepted once that message is committed (an ask without an `id` tells when), and an accepted mail is sent: what
 * the server cannot take now is tried again, later and later, for days, over crashes and restarts. It goes once where the
 * server's yes is committed; where the process dies between the two it goes again, under the same Message-ID.
 * While a server takes its time for an answer, up to ten minutes, its account does nothing else: asks may time out meanwhile.
 * One that will never go is reported to its sender as `mail-failed`. An ask with an `id` is answered when the mail has gone,
 * or with a Refusal.
 */
import { type Context, defineActor, Refusal } from 'troupe';
import { faultOf, faultOfAccount, letterOf, type Mail, type MailRequest, messageIdOf, retryMs } from './_mail.ts';
import { closeSmtp, type Delivery, deliver } from './_smtp.ts';

const MAILS_PER_SECOND = 5;
const OUTBOX_MAX = 1_000;
/** Of all waiting mails: the state is encoded whole with every turn. */
const OUTBOX_CHARACTERS_MAX = 4_000_000;
/** Finished mails that are remembered, so that a repeated one is not sent again. */
const OUTCOMES_MAX = 1_000;

type Outcome = { result: 'sent'; tries: number } | { result: 'failed'; reason: string };

interface Outbox {
  mails: Mail[];
  outcomes: Map<string, Outcome>;
  sent: number;
  failed: number;
  numbered: number;
  /** When the account may send again. */
  freeAt: number;
  /** When the next `deliver` is due; 0: none is. */
  wakeAt: number;
}

export default defineActor({
  durable: true,
  placement: { role: 'mail' },
  state: (): Outbox => ({ mails: [], outcomes: new Map(), sent: 0, failed: 0, numbered: 0, freeAt: 0, wakeAt: 0 }),

  onStart(ctx) {
    // A `deliver` that threw has fired all the same.
    ctx.state.wakeAt = 0;
    wake(ctx);
  },

  receive: {
    send(ctx, message: MailRequest): Outcome | undefined {
      const { mails, outcomes } = ctx.state;
      const waits = ctx.deadline !== undefined && message.id !== undefined;
      const outcome = outcomes.get(message.id ?? '');
      if (outcome) return waits ? replyOf(outcome) : undefined;
      if (!mails.some(({ id }) => id === message.id)) enqueue(ctx, message, waits);
      // Handled again, and then answered, when the mail has an outcome.
      if (waits) ctx.stash();
      return undefined;
    },

    async deliver(ctx) {
      const { state } = ctx;
      state.wakeAt = 0;
      const mail = state.freeAt <= Date.now() ? state.mails.find(({ dueAt }) => dueAt <= Date.now()) : undefined;
      if (mail) {
        // A request waits for the commits of all earlier turns: nothing goes out that a crash would make unaccepted.
        await ctx.where(ctx.id);
        state.freeAt = Date.now() + 1_000 / MAILS_PER_SECOND;
        mail.tries++;
        // Waited for within the turn: a move waits for its end, so no mail is under way from two places.
        note(ctx, mail, await deliver(letterOf(ctx.key, ctx.fence, mail)));
      }
      wake(ctx);
    },

    status: ({ state }) => ({ queued: state.mails.length, sent: state.sent, failed: state.failed }),
  },

  async onStop({ state, log }, reason) {
    if (state.mails.length > 0) log.info({ reason, mails: state.mails.length }, 'mails wait for the next start');
    if (reason === 'shutdown') await closeSmtp();
  },
});

function enqueue(ctx: Context<Outbox>, message: MailRequest, waits: boolean): void {
  const { state } = ctx;
  const fault = faultOfAccount(ctx.key) ?? faultOf(message) ?? fullOf(state, message);
  const sender = waits ? undefined : ctx.sender;
  const { to, subject, text } = message;
  if (fault) {
    fail(ctx, { id: message.id, to, sender }, fault);
    throw new Refusal('mail-failed', fault);
  }
  // No other incarnation has this fence, so a number within it is enough.
  const id = message.id ?? `${ctx.fence}-${++state.numbered}`;
  const messageId = messageIdOf(ctx.key, id, ctx.fence);
  const now = Date.now();
  state.mails.push({ id, to, subject, text, sender, messageId, acceptedAt: now, tries: 0, dueAt: now });
  wake(ctx);
}

function fullOf({ mails }: Outbox, { text }: MailRequest): string | undefined {
  if (mails.length >= OUTBOX_MAX) return `outbox: expected at most ${OUTBOX_MAX} waiting mails`;
  const characters = mails.reduce((sum, mail) => sum + mail.text.length, text.length);
  if (characters <= OUTBOX_CHARACTERS_MAX) return undefined;
  return `outbox: expected at most ${OUTBOX_CHARACTERS_MAX} characters in waiting mails`;
}

/** What came of one try. */
function note(ctx: Context<Outbox>, mail: Mail, delivery: Delivery): void {
  const { state } = ctx;
  const againMs = delivery.result === 'later' ? retryMs(mail.tries, Date.now() - mail.acceptedAt) : undefined;
  if (againMs !== undefined) {
    mail.dueAt = Date.now() + againMs;
    return;
  }
  state.mails.splice(state.mails.indexOf(mail), 1);
  if (delivery.result === 'sent') {
    state.sent++;
    remember(state, mail.id, { result: 'sent', tries: mail.tries });
  } else {
    remember(state, mail.id, { result: 'failed', reason: delivery.reason });
    fail(ctx, mail, delivery.reason);
  }
  ctx.unstashAll();
}

function fail(
  ctx: Context<Outbox>,
  { id, to, sender }: { id: string | undefined; to: string; sender: string | undefined },
  reason: string,
): void {
  ctx.state.failed++;
  ctx.log.info({ id, to, reason }, 'a mail failed');
  if (sender) ctx.tell(sender, { type: 'mail-failed', id, to, reason });
}

function replyOf(outcome: Outcome): Outcome {
  if (outcome.result === 'failed') throw new Refusal('mail-failed', outcome.reason);
  return outcome;
}

function remember({ outcomes }: Outbox, id: string, outcome: Outcome): void {
  outcomes.set(id, outcome);
  if (outcomes.size > OUTCOMES_MAX) outcomes.delete(outcomes.keys().next().value as string);
}

/** Sets the reminder for the next mail, unless it is set for that time or before. */
function wake(ctx: Context<Outbox>): void {
  const { state } = ctx;
  if (state.mails.length === 0) return;
  const dueAt = Math.min(...state.mails.map((mail) => mail.dueAt));
  const atMs = Math.max(dueAt, state.freeAt, Date.now());
  if (state.wakeAt !== 0 && state.wakeAt <= atMs) return;
  state.wakeAt = atMs;
  ctx.remind('deliver', { atMs }, { type: 'deliver' });
}
