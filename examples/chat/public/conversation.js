// A room, or two people: its messages in order, each once, and what this page knows about it.

const MESSAGES_MAX = 500;

/** `room:lobby` or `with:ann`. */
export function keyOf({ room, with: other }) {
  return room === undefined ? `with:${other}` : `room:${room}`;
}

export class Conversation {
  constructor(address) {
    this.address = address;
    this.key = keyOf(address);
    this.title = address.room ?? address.with;
    this.isRoom = address.room !== undefined;
    this.messages = [];
    this.people = new Set();
    this.unread = 0;
    this.readAt = 0;
    /** When the room's own history begins. */
    this.since = 0;
    /** The room, or for two people the server, has us on its list. */
    this.joined = false;
    this.host = undefined;
  }

  get lastAt() {
    return this.messages.findLast((message) => !message.pending)?.at ?? 0;
  }

  /** True where it was not here yet. A message that waited for its arrival takes its place in the order. */
  add(message) {
    const known = this.messages.find(({ id }) => id === message.id);
    if (known && !known.pending) return false;
    if (known) this.messages.splice(this.messages.indexOf(known), 1);
    const after = this.messages.findIndex(({ at, pending }) => pending || at > message.at);
    this.messages.splice(after < 0 ? this.messages.length : after, 0, message);
    if (this.messages.length > MESSAGES_MAX) this.messages.shift();
    return !known;
  }

  /** The room as it is now. Where nobody was in it for long, it has forgotten what was said and begins anew. */
  enter({ since, people, history }) {
    const isNew = this.since !== 0 && since > this.since;
    this.since = since;
    this.joined = true;
    this.people = new Set(people);
    for (const message of history) this.add(message);
    if (isNew) this.add({ id: `since-${since}`, at: since, note: true });
  }
}
