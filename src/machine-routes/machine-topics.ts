/** The topics of this machine, as its way in tells them to the processes of other machines that have linked to it. */
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { TopicsBeyond } from '../routing/cluster-topics.ts';
import { TOPIC } from '../wire/entry.ts';

interface Announcement {
  /** Guests that have not acknowledged yet. */
  readonly open: Set<OutboundQueue>;
  readonly done: () => void;
}

export class MachineTopics implements TopicsBeyond {
  readonly #guests: () => Iterable<OutboundQueue>;
  readonly #announcements = new Map<number, Announcement>();
  /** Topics that the guests know, or are being told: until when. */
  readonly #told = new Map<string, Promise<void> | undefined>();
  #lastNumber = 0;
  readonly publishing: (machine: OutboundQueue) => void;

  /** `publishing`: something is about to go to that machine. */
  constructor(guests: () => Iterable<OutboundQueue>, publishing: (machine: OutboundQueue) => void) {
    this.#guests = guests;
    this.publishing = publishing;
  }

  joined(topic: string): Promise<void> | undefined {
    if (this.#told.has(topic)) return this.#told.get(topic);
    const joined = this.#announce(topic, true)?.then(() => {
      if (this.#told.get(topic) === joined) this.#told.set(topic, undefined);
    });
    this.#told.set(topic, joined);
    return joined;
  }

  left(topic: string): void {
    if (this.#told.delete(topic)) void this.#announce(topic, false);
  }

  acknowledged(guest: OutboundQueue, number: number): void {
    const announcement = this.#announcements.get(number);
    if (!announcement?.open.delete(guest) || announcement.open.size > 0) return;
    this.#announcements.delete(number);
    announcement.done();
  }

  /** The guest is waited for no longer; linked again, it is told all topics. */
  guestGone(guest: OutboundQueue): void {
    for (const number of [...this.#announcements.keys()]) this.acknowledged(guest, number);
  }

  #announce(topic: string, isJoined: boolean): Promise<void> | undefined {
    const guests = [...this.#guests()].filter((guest) => !guest.ended);
    if (guests.length === 0) return undefined;
    const number = ++this.#lastNumber;
    for (const guest of guests) guest.note(TOPIC, topic, isJoined, number);
    return new Promise((done) => {
      this.#announcements.set(number, { open: new Set(guests), done });
    });
  }
}
