// What was written and not yet seen to arrive. It is sent again, under its first id, until it comes back: who has it
// already will know it by that.

const PENDING_MAX = 100;
const RESEND_AFTER_MS = 3_000;
/** At once at most, so that the server does not take a resend for a flood. */
const RESEND_MAX = 20;

export class Outbox {
  #conversations;
  #send;

  constructor(conversations, send) {
    this.#conversations = conversations;
    this.#send = send;
    setInterval(() => this.flush(), RESEND_AFTER_MS);
  }

  /** False where too much is waiting already. */
  add({ messages }, { from, text }) {
    if (this.#pending().length >= PENDING_MAX) return false;
    messages.push({ id: newId(), from, text, at: Date.now(), pending: true, triedAt: 0 });
    this.flush();
    return true;
  }

  /** Sends what is due, wherever we are on the list. */
  flush() {
    const before = Date.now() - RESEND_AFTER_MS;
    const due = this.#pending().filter(({ to, message }) => to.joined && message.triedAt <= before);
    for (const { to, message } of due.slice(0, RESEND_MAX)) {
      const { id, text } = message;
      const isSent = this.#send({ type: to.isRoom ? 'post' : 'direct', ...to.address, id, text });
      if (isSent) message.triedAt = Date.now();
    }
  }

  /** All that was under way may be lost. */
  startAgain() {
    for (const { message } of this.#pending()) message.triedAt = 0;
  }

  #pending() {
    return [...this.#conversations.values()].flatMap((to) =>
      to.messages.filter(({ pending }) => pending).map((message) => ({ to, message })),
    );
  }
}

/** Not randomUUID: a page that comes by plain http from another machine has none. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');
}
