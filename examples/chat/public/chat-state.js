// What this page knows, and what it does about each frame. Draws nothing: who does is told by a `change` event.
import { Conversation, keyOf } from './conversation.js';
import { recall, remember } from './memory.js';
import { Outbox } from './outbox.js';

const NOTICE_MS = 6_000;

export class ChatState extends EventTarget {
  conversations = new Map();
  openKey = 'room:lobby';
  online = false;
  retryAt = 0;
  /** Worker and pid that serve this page. */
  server = undefined;
  notice = '';
  #send;
  #outbox;

  constructor(name, send) {
    super();
    this.name = name;
    this.#send = send;
    this.#outbox = new Outbox(this.conversations, send);
    this.#restore();
  }

  get open() {
    return this.conversations.get(this.openKey);
  }

  get unread() {
    return [...this.conversations.values()].reduce((sum, { unread }) => sum + unread, 0);
  }

  // What people do.

  show(address) {
    this.openKey = this.#conversation(address).key;
    if (address.room !== undefined) this.#enter(this.open);
    this.read();
    this.#changed();
  }

  write(text) {
    const isTaken = this.#outbox.add(this.open, { from: this.name, text });
    if (!isTaken) this.#tell('Too much is waiting to be sent.');
    this.#changed();
  }

  leave({ room }) {
    this.#send({ type: 'leave', room });
    this.#drop(room);
  }

  /** Somebody looks at the open conversation. */
  read() {
    const { open } = this;
    if (!open || document.visibilityState !== 'visible') return;
    if (open.unread > 0) {
      if (open.isRoom) this.#send({ type: 'read-room', ...open.address, at: open.lastAt });
      else this.#send({ type: 'read-direct', ...open.address });
    }
    open.unread = 0;
    open.readAt = Math.max(open.readAt, open.lastAt);
    this.#changed();
  }

  // What the connection does.

  connected({ online, retryAt = 0 }) {
    this.online = online;
    this.retryAt = retryAt;
    if (online) this.#hello();
    else this.#forgetSeats();
    this.#changed();
  }

  receive(frame) {
    const news = this[`on-${frame.type}`]?.(frame);
    if (news) this.dispatchEvent(new CustomEvent('news', { detail: news }));
    this.#changed();
  }

  'on-welcome'({ worker, pid }) {
    this.server = { worker, pid };
    for (const conversation of this.conversations.values()) if (!conversation.isRoom) conversation.joined = true;
    this.#outbox.flush();
  }

  'on-restarted'() {
    this.#forgetSeats();
    setTimeout(() => this.#hello(), 100);
  }

  'on-placement'() {
    this.#locate(this.open);
  }

  'on-placed'({ room, worker, pid }) {
    const conversation = this.conversations.get(keyOf({ room }));
    if (conversation) conversation.host = { worker, pid };
  }

  'on-joined'(frame) {
    // Perhaps by another page of the same person: all of them show the same rooms.
    const conversation = this.#conversation({ room: frame.room });
    conversation.enter(frame);
    this.#count(conversation, frame.unread);
    this.#locate(conversation);
    this.#outbox.flush();
  }

  'on-left'({ room }) {
    this.#drop(room);
  }

  'on-came'({ room, name }) {
    this.conversations.get(keyOf({ room }))?.people.add(name);
  }

  'on-went'({ room, name }) {
    this.conversations.get(keyOf({ room }))?.people.delete(name);
  }

  'on-posted'(frame) {
    const conversation = this.conversations.get(keyOf(frame));
    if (conversation) return this.#take(conversation, frame);
  }

  'on-direct'(frame) {
    return this.#take(this.#conversation({ with: frame.with }), frame);
  }

  'on-conversation'({ with: other, messages, unread }) {
    const conversation = this.#conversation({ with: other });
    for (const message of messages) conversation.add(message);
    this.#count(conversation, unread);
  }

  'on-unread'(frame) {
    const conversation = this.conversations.get(keyOf(frame));
    if (conversation) conversation.unread = frame.unread;
  }

  'on-unread-direct'(frame) {
    this['on-unread'](frame);
  }

  'on-refused'({ room, reason }) {
    if (room !== undefined) this.#drop(room);
    this.#tell(reason);
  }

  // Within.

  #take(conversation, { message, unread }) {
    const isNew = conversation.add(message);
    this.#count(conversation, unread);
    return isNew && message.from !== this.name ? `${message.from}: ${message.text}` : undefined;
  }

  #count(conversation, unread) {
    conversation.unread = unread;
    if (conversation === this.open) this.read();
  }

  #conversation(address) {
    const key = keyOf(address);
    let conversation = this.conversations.get(key);
    if (conversation) return conversation;
    conversation = new Conversation(address);
    // Nobody has to be let in to two people's talk: it is enough that the server knows us.
    conversation.joined = !conversation.isRoom && this.online;
    this.conversations.set(key, conversation);
    return conversation;
  }

  #hello() {
    const all = [...this.conversations.values()];
    const rooms = all.filter(({ isRoom }) => isRoom).map(({ title, readAt }) => ({ room: title, readAt }));
    const direct = all.filter(({ isRoom }) => !isRoom).map(({ title, unread }) => ({ with: title, unread }));
    this.#send({ type: 'hello', name: this.name, rooms, direct: direct.slice(-50) });
  }

  #enter(conversation) {
    if (conversation.joined) this.#locate(conversation);
    else if (this.online) this.#send({ type: 'join', ...conversation.address, readAt: conversation.readAt });
  }

  #locate(conversation) {
    if (conversation?.isRoom) this.#send({ type: 'where', ...conversation.address });
  }

  #forgetSeats() {
    for (const conversation of this.conversations.values()) conversation.joined = false;
    this.#outbox.startAgain();
  }

  #drop(room) {
    this.conversations.delete(keyOf({ room }));
    if (!this.open) this.openKey = this.conversations.keys().next().value ?? '';
    if (!this.open) this.show({ room: 'lobby' });
    this.#changed();
  }

  #tell(notice) {
    this.notice = notice;
    setTimeout(() => {
      if (this.notice === notice) this.notice = '';
      this.#changed();
    }, NOTICE_MS);
    this.#changed();
  }

  #changed() {
    remember(this);
    this.dispatchEvent(new Event('change'));
  }

  #restore() {
    const known = recall();
    if (known?.name === this.name) {
      this.openKey = known.openKey;
      for (const { address, ...rest } of known.conversations) Object.assign(this.#conversation(address), rest);
    }
    if (!this.open) this.openKey = this.#conversation({ room: 'lobby' }).key;
  }
}
