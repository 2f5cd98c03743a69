/** All exchange actors of one definition in one process: they share a connection, which is there while any of them is. */
import type { Cell } from '../actor/cell.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { GatewayMetrics, OutsideGateway } from '../observe/outside-gateways.ts';
import type { ActorId } from '../vocabulary/address.ts';
import type { Timer } from '../vocabulary/clock.ts';
import { type BrokerChannel, type BrokerConnection, type Dial, dialOf } from './broker.ts';
import { BrokerLink } from './broker-link.ts';
import { ExchangeOutlet } from './exchange-outlet.ts';
import { Publisher } from './publisher.ts';
import { withoutSecrets } from './rabbit-gateway.ts';

/** Milliseconds between two looks for actors that have left without a word: moved, or killed. */
const SWEEP_MS = 5_000;
/** The same while the system ends. */
const LAST_LOOKS_MS = 20;
/** The name by which the exchange without a name can be a key. */
const DEFAULT_EXCHANGE = 'amq.default';

export interface OutletsParts {
  readonly url: string;
  readonly socket: object;
  readonly declare: ((channel: BrokerChannel, exchange: string) => Promise<unknown>) | undefined;
}

export class ExchangeOutlets implements OutsideGateway {
  readonly #parts: OutletsParts;
  readonly #outlets = new Map<ActorId, ExchangeOutlet>();
  #dial: Promise<Dial> | undefined;
  #kernel: Kernel | undefined;
  #link: BrokerLink | undefined;
  #takeOut = (): void => {};
  #sweep: Timer | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: OutletsParts) {
    this.#parts = parts;
  }

  /** Rejects INVALID_OPTIONS where amqplib is not there. */
  dial(): Promise<Dial> {
    const { url, socket } = this.#parts;
    this.#dial ??= dialOf(url, socket);
    return this.#dial;
  }

  /** Of this incarnation, here. */
  of(cell: Cell): ExchangeOutlet {
    const known = this.#outlets.get(cell.id);
    if (known && !known.isOver) return known;
    if (known) this.end(known);
    const { kernel, id, key } = cell;
    const exchange = key === DEFAULT_EXCHANGE ? '' : key;
    const { declare } = this.#parts;
    const publisher = new Publisher({
      ...{ clock: kernel.clock, random: kernel.random, exchange },
      declare: (channel) => {
        if (declare) return declare(channel, exchange);
        return exchange === '' ? Promise.resolve() : channel.checkExchange(exchange);
      },
      settled: () => {
        if (outlet.hasAside && !outlet.isOver) outlet.bringBackNext();
      },
    });
    const outlet: ExchangeOutlet = new ExchangeOutlet(cell, cell.context.fence, publisher);
    this.#outlets.set(id, outlet);
    this.#linkOf(kernel).add(publisher);
    return outlet;
  }

  end(outlet: ExchangeOutlet): void {
    const { cell, publisher } = outlet;
    if (this.#outlets.get(cell.id) === outlet) this.#outlets.delete(cell.id);
    this.#link?.remove(publisher);
    void publisher.close();
  }

  metrics(): GatewayMetrics {
    const { state, reason, connects } = this.#link ?? { state: 'closed' as const, reason: undefined, connects: 0 };
    const url = withoutSecrets(this.#parts.url);
    return {
      ...{ kind: 'rabbitmq', url, worker: this.#kernel?.worker ?? 0, state, reason, connects, queues: [] },
      exchanges: [...this.#outlets.values()].map(({ publisher }) => publisher.metrics()),
    };
  }

  /** Actors publish to their ends: the connection closes behind the last of them. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    while (this.#outlets.size > 0 && this.#kernel) {
      const { clock } = this.#kernel;
      this.#dropThoseOver();
      if (this.#outlets.size > 0) await new Promise<void>((resolve) => clock.setTimer(LAST_LOOKS_MS, resolve));
    }
    await this.#unlink();
    this.#closed = undefined;
  }

  #linkOf(kernel: Kernel): BrokerLink {
    if (this.#link) return this.#link;
    const { clock, random, log } = kernel;
    const url = withoutSecrets(this.#parts.url);
    const dial = async (): Promise<BrokerConnection> => (await this.dial())();
    const changed = (state: string, reason: string | undefined): void =>
      log.info({ broker: url, state, reason }, `the connection of the exchanges is ${state}`);
    this.#kernel = kernel;
    this.#link = new BrokerLink({ clock, random, dial, changed });
    this.#takeOut = kernel.gateways.add(this);
    this.#link.begin();
    this.#sweepLater(kernel);
    return this.#link;
  }

  #sweepLater(kernel: Kernel): void {
    this.#sweep = kernel.clock.setTimer(SWEEP_MS, () => {
      this.#dropThoseOver();
      if (this.#outlets.size === 0) void this.#unlink();
      else this.#sweepLater(kernel);
    });
  }

  #dropThoseOver(): void {
    for (const outlet of [...this.#outlets.values()]) if (outlet.isOver) this.end(outlet);
  }

  async #unlink(): Promise<void> {
    const link = this.#link;
    this.#link = undefined;
    this.#sweep?.cancel();
    this.#takeOut();
    await link?.close();
  }
}
