/** The gateways of a process to brokers: what they say of themselves, and that they are told when the system closes. */

/** A queue that messages come from. Counts are of this gateway, since it began. */
export interface QueueMetrics {
  /** Its name. */
  queue: string;
  /** `consuming`; `waiting` for its connection, or for a queue that is not there; `closed`. */
  state: 'consuming' | 'waiting' | 'closed';
  /** Why it waits, in the words of the broker; undefined where it does not. */
  reason: string | undefined;
  /** Messages that came, with those that came again. */
  delivered: number;
  /** Of them: in flight now, and not acknowledged. */
  unacknowledged: number;
  /** Acknowledged: handled. */
  acknowledged: number;
  /** Of them: known as handled before, and not handled again. */
  recognised: number;
  /** Asked again after a while: their actor could not take them, or did not answer in time. */
  retried: number;
  /** Given back to the queue. */
  requeued: number;
  /** Given up: the broker drops them, or sends them to the dead-letter exchange of the queue. */
  rejected: number;
  /** Without a message id, though `once` wants one: handled at least once. */
  unnamed: number;
}

/** An exchange that messages go to. Counts are of this process, since the actor came here. */
export interface ExchangeMetrics {
  /** Its name. */
  exchange: string;
  /** `publishing`; `waiting` for its connection, or for an exchange that is not there. */
  state: 'publishing' | 'waiting';
  /** Why it waits, in the words of the broker; undefined where it does not. */
  reason: string | undefined;
  /** Written to the broker, with those that were written again. */
  published: number;
  /** Of them: in flight now. */
  unconfirmed: number;
  /** Taken by the broker. */
  confirmed: number;
  /** Written again, since their confirmation was lost with a channel. */
  resent: number;
  /** Routed to no queue: dead letters. */
  returned: number;
  /** Not taken: dead letters. */
  nacked: number;
}

/** One connection of a process to a broker, and what goes over it. */
export interface GatewayMetrics {
  /** The broker that it leads to, `rabbitmq`. */
  kind: string;
  /** Where that is, without user and password. */
  url: string;
  /** Index of the worker that has it; 0 is the master. */
  worker: number;
  /** `blocked`: the broker takes nothing from it for now, for want of memory or disk. */
  state: 'connecting' | 'connected' | 'blocked' | 'closed';
  /** Why it is blocked, or was lost last; undefined where neither was. */
  reason: string | undefined;
  /** Connections so far: one more than it was lost. */
  connects: number;
  /** Queues that it consumes. */
  queues: QueueMetrics[];
  /** Exchanges that it publishes to. */
  exchanges: ExchangeMetrics[];
}

export interface OutsideGateway {
  metrics(): GatewayMetrics;
  /** The system takes no more calls: nothing more is to come in. Resolves once it is closed. */
  close(): Promise<void>;
}

export class OutsideGateways {
  readonly #all = new Set<OutsideGateway>();

  /** Returns the function that takes it out again. */
  add(gateway: OutsideGateway): () => void {
    this.#all.add(gateway);
    return () => this.#all.delete(gateway);
  }

  metrics(): GatewayMetrics[] {
    return [...this.#all].map((gateway) => gateway.metrics());
  }

  /** Never rejects. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#all].map((gateway) => gateway.close()));
  }
}
