/** Which entries a client may send. All else is no sense from a client, and ends its connection. */
import type { Ingress, Published } from '../frames/frame-reader.ts';
import { refusedWorkerEntries } from '../frames/worker-entries.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Envelope, ReplyTo } from '../vocabulary/envelope.ts';
import type { Signal } from '../vocabulary/signal.ts';
import type { CallArgument } from '../wire/entry.ts';

export interface ClientMail {
  arrived(item: Envelope | Published): void;
  replyTo(correlation: number): ReplyTo;
  unreadable(envelope: Envelope, error: Error): void;
  signal(signal: Signal): void;
  called(number: number, name: string, args: CallArgument[]): void;
  granted(count: number): void;
  toRef(id: ActorId): unknown;
}

export interface ClientSubscriptions {
  changed(topic: string, isJoined: boolean, number: number): void;
}

export function clientIngress(mail: ClientMail, topics: ClientSubscriptions): Ingress {
  const refuse = (what: string) => (): never => {
    throw new Error(`a client has sent ${what}`);
  };
  return {
    epoch: () => 0,
    toRef: (id) => mail.toRef(id),
    envelope: (envelope) => mail.arrived(envelope),
    replyTo: (_process, correlation) => mail.replyTo(correlation),
    unreadable: (envelope, error) => mail.unreadable(envelope, error),
    signal: (_to, signal) => mail.signal(signal),
    called: (number, name, args) => mail.called(number, name, args),
    published: (published) => mail.arrived(published),
    topicChanged: (topic, isJoined, number) => topics.changed(topic, isJoined, number),
    credit: (count) => mail.granted(count),
    frameRead: () => {},
    replied: refuse('a reply'),
    failed: refuse('a failure'),
    topicAcknowledged: refuse('an acknowledgement'),
    ...refusedWorkerEntries(refuse),
  };
}

/** At the socket of a worker: asks, and what belongs to them. An unreadable one ends the connection: nobody could say in which mailbox it is. */
export function asksAlone(ingress: Ingress): Ingress {
  const refuse = (what: string) => (): never => {
    throw new Error(`a client has sent ${what} to a socket for asks`);
  };
  return {
    ...ingress,
    envelope: (envelope) => {
      if (envelope.verb !== 'message' || envelope.replyTo === undefined) refuse(`a ${envelope.verb}`)();
      ingress.envelope(envelope);
    },
    unreadable: refuse('what cannot be read'),
    called: refuse('a call'),
    published: refuse('what it publishes'),
    topicChanged: refuse('a change of topics'),
  };
}
