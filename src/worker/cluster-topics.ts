/**
 * Topics across processes. Each process knows which others have subscribers, so that a message crosses once to each of
 * them, in order with the publisher's other mail. A subscription is in force once every other process has said so.
 */
import type { LocalTopics } from '../pubsub/local-topics.ts';
import { checkTopic } from '../pubsub/local-topics.ts';
import type { TopicBus, TopicListener } from '../pubsub/topic-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { MoveId } from '../wire/control.ts';
import { TOPIC, TOPIC_ACK, TOPICS } from '../wire/entry.ts';
import { MovingSubscriptions } from './moving-subscriptions.ts';
import type { PeerLink } from './peer-link.ts';

interface Announcement {
  /** Processes that have not acknowledged yet. */
  readonly open: Set<PeerLink>;
  readonly done: () => void;
}

export class ClusterTopics implements TopicBus {
  readonly #local: LocalTopics;
  readonly #peers: () => Iterable<PeerLink>;
  readonly moving: MovingSubscriptions = new MovingSubscriptions();
  readonly #post: { deliver(envelope: Envelope): unknown };
  readonly #movedIn = new Map<ActorId, number>();
  readonly #interest = new Map<string, Set<PeerLink>>();
  readonly #announcements = new Map<number, Announcement>();
  /** Topics whose announcement is under way: those who join meanwhile wait for it too. */
  readonly #joining = new Map<string, Promise<void>>();
  #lastNumber = 0;

  /** `post`: to any actor, by its place. */
  constructor(local: LocalTopics, peers: () => Iterable<PeerLink>, post: { deliver(envelope: Envelope): unknown }) {
    this.#local = local;
    this.#peers = peers;
    this.#post = post;
  }

  publish(topic: string, message: unknown, sender: ActorId | undefined): void {
    checkTopic(topic);
    const moving = this.moving.of(topic);
    this.#local.deliver(topic, message, sender, moving && ((id) => moving.has(id)));
    for (const peer of this.#interest.get(topic) ?? []) peer.publish(topic, message, sender);
    for (const id of moving?.keys() ?? []) {
      this.#post.deliver(new Envelope('message', id, message, sender, undefined, 0));
    }
  }

  async listen(topic: string, listener: TopicListener): Promise<() => Promise<void>> {
    checkTopic(topic);
    this.#local.checkRoom();
    const { subscriptions } = this.#local;
    const entry: TopicListener = (message) => listener(message);
    await this.#inForce(topic, subscriptions.listen(topic, entry));
    return async () => {
      if (subscriptions.unlisten(topic, entry)) this.#announceLeft(topic);
    };
  }

  join(topic: string, id: ActorId): Promise<void> | undefined {
    checkTopic(topic);
    this.#local.checkRoom();
    return this.#inForce(topic, this.#local.subscriptions.join(topic, id));
  }

  leave(topic: string, id: ActorId): void {
    if (this.#local.subscriptions.leave(topic, id)) this.#announceLeft(topic);
  }

  topicsOf(id: ActorId): string[] {
    return this.#local.topicsOf(id);
  }

  joined(): Iterable<ActorId> {
    return this.#local.joined();
  }

  /** It subscribes from here since an epoch: what was published under an older one came to it by its old home. */
  movedIn(id: ActorId, epoch: number): void {
    if (this.topicsOf(id).length > 0) this.#movedIn.set(id, epoch);
  }

  leaveAll(id: ActorId): void {
    this.#movedIn.delete(id);
    for (const topic of this.#local.subscriptions.topicsOf(id)) this.leave(topic, id);
  }

  /** The first thing a new link carries: what is subscribed here. */
  greet(peer: PeerLink): void {
    peer.note(TOPICS, this.#local.subscriptions.topics);
  }

  told(peer: PeerLink, topics: string[]): void {
    for (const topic of topics) this.#noteInterest(peer, topic);
  }

  changed(peer: PeerLink, topic: string, isJoined: boolean, number: number): void {
    if (isJoined) this.#noteInterest(peer, topic);
    else this.#dropInterest(peer, topic);
    peer.note(TOPIC_ACK, number);
  }

  acknowledged(peer: PeerLink, number: number): void {
    this.#settle(number, peer);
  }

  /**
   * Published elsewhere, for the subscribers here, but for those to whom its publisher sends it with their other mail:
   * who is about to leave, once the publisher's marker is in, and who has come, before the publisher knew.
   * `isMarked`: the marker of a move has come from there.
   */
  arrived(
    topic: string,
    message: unknown,
    sender: ActorId | undefined,
    epoch: number,
    isMarked: (move: MoveId) => boolean,
  ): void {
    const moving = this.moving.of(topic);
    if (moving === undefined && this.#movedIn.size === 0) return this.#local.deliver(topic, message, sender);
    this.#local.deliver(topic, message, sender, (id) => {
      const move = moving?.get(id);
      return (move !== undefined && isMarked(move)) || (this.#movedIn.get(id) ?? 0) > epoch;
    });
  }

  peerGone(peer: PeerLink): void {
    for (const topic of [...this.#interest.keys()]) this.#dropInterest(peer, topic);
    for (const number of [...this.#announcements.keys()]) this.#settle(number, peer);
  }

  #inForce(topic: string, isFirst: boolean): Promise<void> | undefined {
    if (!isFirst) return this.#joining.get(topic);
    const joined = this.#announce(topic, true).then(() => {
      if (this.#joining.get(topic) === joined) this.#joining.delete(topic);
    });
    this.#joining.set(topic, joined);
    return joined;
  }

  #announceLeft(topic: string): void {
    void this.#announce(topic, false);
  }

  #announce(topic: string, isJoined: boolean): Promise<void> {
    const number = ++this.#lastNumber;
    const peers = [...this.#peers()].filter((peer) => !peer.ended);
    if (peers.length === 0) return Promise.resolve();
    for (const peer of peers) peer.note(TOPIC, topic, isJoined, number);
    return new Promise((done) => {
      this.#announcements.set(number, { open: new Set(peers), done });
    });
  }

  #settle(number: number, peer: PeerLink): void {
    const announcement = this.#announcements.get(number);
    if (!announcement?.open.delete(peer) || announcement.open.size > 0) return;
    this.#announcements.delete(number);
    announcement.done();
  }

  #noteInterest(peer: PeerLink, topic: string): void {
    let peers = this.#interest.get(topic);
    if (!peers) this.#interest.set(topic, (peers = new Set()));
    peers.add(peer);
  }

  #dropInterest(peer: PeerLink, topic: string): void {
    const peers = this.#interest.get(topic);
    if (peers?.delete(peer) && peers.size === 0) this.#interest.delete(topic);
  }
}
