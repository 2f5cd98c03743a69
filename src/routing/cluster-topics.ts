/**
 * Topics across processes. Each process knows which others have subscribers, so that a message crosses once to each of
 * them, in order with the publisher's other mail. A subscription is in force once every other process has said so.
 */
import { MAILBOX_CAPACITY } from '../actor/behaviour.ts';
import type { LocalTopics } from '../pubsub/local-topics.ts';
import { checkTopic } from '../pubsub/local-topics.ts';
import type { Barrier, TopicBus, TopicListener } from '../pubsub/topic-bus.ts';
import type { ActorId } from '../vocabulary/address.ts';
import { Envelope } from '../vocabulary/envelope.ts';
import type { QueueMemory } from '../vocabulary/queue-memory.ts';
import { LIGHT_BYTES, weighMessage } from '../plain-data/weight.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import { CLIENT_PREFIX } from '../membership/cluster-observer.ts';
import { MACHINE_INDEX_MIN } from '../vocabulary/host-index.ts';
import type { MachinesView, MoveOrder } from '../wire/control.ts';
import { SOME_TOPICS, TOPIC, TOPIC_ACK, TOPIC_REACHED, TOPICS } from '../wire/entry.ts';
import { MovingSubscriptions } from './moving-subscriptions.ts';
import type { Published } from '../frames/frame-reader.ts';
import type { OutboundQueue } from '../peer/outbound-queue.ts';
import type { Peers } from '../peer/peers.ts';
import type { KnownCluster } from './known-cluster.ts';
import { TopicTraffic } from './topic-traffic.ts';

/** Of the topics that are told in one portion, before the one that goes past it. */
export const TOPICS_CHARACTERS: number = 16 * 1024;

/** No machine links to a client, so that none could tell it. */
const CLIENT_TEXT = `subscribe() listens on a machine of the cluster; got a call of its client, which nobody links to`;

/** The parts of a process that its topics stand on. */
export interface TopicsParts {
  readonly memory: QueueMemory;
  readonly peers: Pick<Peers, 'all'>;
  /** To any actor, by its place. */
  readonly router: { deliver(envelope: Envelope): boolean };
  readonly cluster: Pick<KnownCluster, 'table' | 'epoch'>;
  /** Settles once the mail that an actor has by then is handled. */
  readonly barrier: Barrier;
}

/** The other machines, as the process that is the way into this one sees them. */
export interface TopicsBeyond {
  /** Somebody of this machine subscribes: resolves once the others know. Undefined: they do. */
  joined(topic: string): Promise<void> | undefined;
  /** No process of this machine does any more. */
  left(topic: string): void;
  /** Something is about to be published to that machine. */
  publishing(machine: OutboundQueue): void;
}

interface Publication {
  readonly topic: string;
  readonly message: unknown;
  readonly sender: ActorId | undefined;
  /** To whom its publisher sends it with their other mail. */
  readonly excluded: ReadonlySet<ActorId> | undefined;
  readonly trace: string | undefined;
}

interface Announcement {
  /** Processes that have not acknowledged yet. */
  readonly open: Set<OutboundQueue>;
  readonly done: () => void;
}

export class ClusterTopics implements TopicBus {
  readonly #local: LocalTopics;
  readonly #traffic: TopicTraffic;
  readonly #barrier: Barrier;
  readonly #peers: TopicsParts['peers'];
  readonly moving: MovingSubscriptions = new MovingSubscriptions();
  readonly #router: TopicsParts['router'];
  readonly #cluster: TopicsParts['cluster'];
  readonly #interest = new Map<string, Set<OutboundQueue>>();
  readonly #announcements = new Map<number, Announcement>();
  /** The epoch of a topic's last announcement; while it is open those who join meanwhile wait for it too. */
  readonly #inForceSince = new Map<string, { epoch: number; joined: Promise<void> | undefined }>();
  #lastNumber = 0;
  /** In the process that is the way into a machine. */
  beyond: TopicsBeyond | undefined;

  constructor(local: LocalTopics, { memory, peers, router, cluster, barrier }: TopicsParts) {
    this.#local = local;
    this.#traffic = new TopicTraffic(memory);
    this.#barrier = barrier;
    this.#peers = peers;
    this.#router = router;
    this.#cluster = cluster;
  }

  publish(topic: string, message: unknown, sender: ActorId | undefined, trace?: string): boolean {
    checkTopic(topic);
    return this.#publish(topic, message, sender, trace, this.#interest.get(topic));
  }

  /** From another machine: it crosses once, and goes to each process of this one that has subscribers. */
  passOn({ topic, message, sender, trace }: Published): void {
    this.#publish(topic, message, sender, trace, this.#ofThisMachine(topic));
  }

  #publish(
    topic: string,
    message: unknown,
    sender: ActorId | undefined,
    trace: string | undefined,
    peers: Iterable<OutboundQueue> | undefined,
  ): boolean {
    const excluded = this.moving.of(topic);
    let isClear = this.#local.deliver(topic, message, sender, undefined, excluded, trace);
    if (peers && !this.#publishTo(peers, { topic, message, sender, excluded, trace })) isClear = false;
    for (const id of excluded ?? []) {
      const envelope = new Envelope('message', id, message, sender, undefined, 0);
      envelope.trace = trace;
      if (!this.#router.deliver(envelope)) isClear = false;
    }
    return isClear;
  }

  handled(topic: string, barrier: Barrier): Promise<void> {
    return this.#handledBy(topic, barrier, this.#interest.get(topic) ?? []);
  }

  /** Another machine asks: behind what its process has published to this topic. */
  async barrierOfMachine(peer: OutboundQueue, topic: string, number: number): Promise<void> {
    await this.#handledBy(topic, this.#barrier, this.#ofThisMachine(topic));
    if (!peer.ended) peer.note(TOPIC_REACHED, number, MAILBOX_CAPACITY);
  }

  async #handledBy(topic: string, barrier: Barrier, peers: Iterable<OutboundQueue>): Promise<void> {
    const here = this.#local.handled(topic, barrier);
    const excluded = Array.from(this.moving.of(topic) ?? [], barrier);
    const elsewhere = Array.from(peers, (peer) => this.#traffic.handled(peer, topic));
    await Promise.allSettled([here, ...excluded, ...elsewhere]);
  }

  /** Another process asks: behind what it has published to this topic. */
  barrier(peer: OutboundQueue, topic: string, number: number): void {
    const { table } = this.#cluster;
    const reached = (): void => {
      if (peer.ended) return;
      const capacities = Array.from(
        this.#local.subscriptions.actorsOf(topic),
        ([id]) => table.termsOf(id)?.capacity ?? MAILBOX_CAPACITY,
      );
      peer.note(
        TOPIC_REACHED,
        number,
        capacities.reduce((least, one) => Math.min(least, one), MAILBOX_CAPACITY),
      );
    };
    void this.#local.handled(topic, this.#barrier).then(reached);
  }

  reached(peer: OutboundQueue, number: number, capacity: number): void {
    this.#traffic.answered(peer, number, capacity);
  }

  #publishTo(peers: Iterable<OutboundQueue>, { topic, message, sender, excluded, trace }: Publication): boolean {
    let isClear = true;
    const bytes = weighMessage(message);
    for (const peer of peers) {
      if (peer.index >= MACHINE_INDEX_MIN) this.beyond?.publishing(peer);
      if (!peer.publish(topic, message, sender, this.#cluster.epoch, excluded, bytes, trace)) isClear = false;
      if (!this.#traffic.sent(peer, topic, Math.max(bytes, LIGHT_BYTES))) isClear = false;
    }
    return isClear;
  }

  async listen(topic: string, listener: TopicListener): Promise<() => Promise<void>> {
    checkTopic(topic);
    if (isClient(this.#cluster.table.machines)) throw new TroupeError('INVALID_OPTIONS', CLIENT_TEXT);
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
    return this.#inForce(topic, this.#local.subscriptions.join(topic, id, this.#cluster.epoch));
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

  leaveAll(id: ActorId): void {
    for (const topic of this.#local.subscriptions.topicsOf(id)) this.leave(topic, id);
  }

  /** The first thing a new link carries: what is subscribed here, in portions that fit a frame. */
  announce(peer: OutboundQueue, topics: Iterable<string> = this.#local.subscriptions.topics): void {
    let portion: string[] = [];
    let characters = 0;
    for (const topic of topics) {
      if (characters >= TOPICS_CHARACTERS) {
        peer.note(SOME_TOPICS, portion);
        portion = [];
        characters = 0;
      }
      portion.push(topic);
      characters += topic.length + 3;
    }
    peer.note(TOPICS, portion);
  }

  learned(peer: OutboundQueue, topics: string[]): void {
    for (const topic of topics) this.#noteInterest(peer, topic);
  }

  changed(peer: OutboundQueue, topic: string, isJoined: boolean, number: number): void {
    if (isJoined) this.#noteInterest(peer, topic);
    else this.#dropInterest(peer, topic);
    const beyond = isJoined && !isOfMachine(peer) ? this.beyond?.joined(topic) : undefined;
    if (beyond) void beyond.then(() => !peer.ended && peer.note(TOPIC_ACK, number));
    else peer.note(TOPIC_ACK, number);
  }

  /** Topics that somebody of this machine has subscribed to, as far as this process knows. */
  names(): Set<string> {
    const elsewhere = [...this.#interest.keys()].filter((topic) => this.#ofThisMachine(topic).length > 0);
    return new Set([...this.#local.subscriptions.topics, ...elsewhere, ...this.moving.topics]);
  }

  #ofThisMachine(topic: string): OutboundQueue[] {
    return [...(this.#interest.get(topic) ?? [])].filter((peer) => !isOfMachine(peer));
  }

  #isWantedHere(topic: string): boolean {
    return this.#ofThisMachine(topic).length > 0 || this.#local.subscriptions.has(topic) || this.moving.has(topic);
  }

  /**
   * Subscribers have moved. Their new host says so by itself, but where their old one has died the table does not wait for that: what is published
   * from here on goes there all the same. `to`: undefined where that is this process, with what has come of them.
   */
  moved(subscriptions: MoveOrder['subscriptions'], to: OutboundQueue | undefined): void {
    for (const [topic] of subscriptions) {
      if (to) this.#noteInterest(to, topic);
      else if (!this.#local.subscriptions.has(topic)) this.#announceLeft(topic);
    }
  }

  /** The end of a move, with its holds. */
  released(order: MoveOrder): void {
    this.moving.release(order);
    for (const [topic] of order.subscriptions) if (!this.#isWantedHere(topic)) this.beyond?.left(topic);
  }

  acknowledged(peer: OutboundQueue, number: number): void {
    this.#settle(number, peer);
  }

  /** Published elsewhere, for the subscribers here. */
  arrived({ topic, message, sender, epoch, excluded, trace }: Published): void {
    this.#local.deliver(topic, message, sender, epoch, excluded && new Set(excluded), trace);
  }

  peerGone(peer: OutboundQueue): void {
    this.#traffic.gone(peer);
    for (const topic of [...this.#interest.keys()]) this.#dropInterest(peer, topic);
    for (const number of [...this.#announcements.keys()]) this.#settle(number, peer);
  }

  /**
   * Known everywhere, and by processes that have taken up the table of this moment: what they publish from then on is
   * not older than the subscription. Once for each topic and epoch.
   */
  #inForce(topic: string, isFirst: boolean): Promise<void> | undefined {
    const epoch = this.#cluster.epoch;
    const known = this.#inForceSince.get(topic);
    if (!isFirst && known !== undefined && known.epoch >= epoch) return known.joined;
    const joined = this.#announce(topic, true).then(() => {
      entry.joined = undefined;
    });
    const entry: { epoch: number; joined: Promise<void> | undefined } = { epoch, joined };
    this.#inForceSince.set(topic, entry);
    return joined;
  }

  #announceLeft(topic: string): void {
    this.#inForceSince.delete(topic);
    void this.#announce(topic, false);
  }

  #announce(topic: string, isJoined: boolean): Promise<void> {
    const beyond = isJoined ? this.beyond?.joined(topic) : undefined;
    if (!isJoined && !this.#isWantedHere(topic)) this.beyond?.left(topic);
    const here = this.#announceHere(topic, isJoined);
    return beyond ? Promise.all([here, beyond]).then(() => {}) : here;
  }

  #announceHere(topic: string, isJoined: boolean): Promise<void> {
    const number = ++this.#lastNumber;
    const peers = [...this.#peers.all()].filter((peer) => !peer.ended);
    if (peers.length === 0) return Promise.resolve();
    for (const peer of peers) peer.note(TOPIC, topic, isJoined, number);
    return new Promise((done) => {
      this.#announcements.set(number, { open: new Set(peers), done });
    });
  }

  #settle(number: number, peer: OutboundQueue): void {
    const announcement = this.#announcements.get(number);
    if (!announcement?.open.delete(peer) || announcement.open.size > 0) return;
    this.#announcements.delete(number);
    announcement.done();
  }

  #noteInterest(peer: OutboundQueue, topic: string): void {
    let peers = this.#interest.get(topic);
    if (!peers) this.#interest.set(topic, (peers = new Set()));
    peers.add(peer);
  }

  #dropInterest(peer: OutboundQueue, topic: string): void {
    const peers = this.#interest.get(topic);
    this.#traffic.forget(peer, topic);
    if (peers?.delete(peer) && peers.size === 0) this.#interest.delete(topic);
    if (!isOfMachine(peer) && !this.#isWantedHere(topic)) this.beyond?.left(topic);
  }
}

function isClient(machines: MachinesView | undefined): boolean {
  return machines?.self.startsWith(CLIENT_PREFIX) === true;
}

/** Also of those that were linked to by another machine. */
function isOfMachine({ index }: OutboundQueue): boolean {
  return index >= MACHINE_INDEX_MIN;
}
