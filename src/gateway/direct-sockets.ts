/** Which socket of a worker leads to an actor; none for durable ones, whose asks have numbers in the stream of their client, nor to other machines. */
import type { Kernel } from '../actor/kernel.ts';
import type { DirectOffer } from '../client-wire/client-greeting.ts';
import type { System } from '../system/system.ts';
import { type ActorId, checkActorId } from '../vocabulary/address.ts';
import { directPath } from '../wire/private-folder.ts';
import { writeTicket } from './direct-ticket.ts';
import type { Rights } from './rights.ts';

export interface DirectGround {
  /** Of the sockets of the system. */
  readonly folder: string;
  /** That all its processes share. */
  readonly secret: string;
}

export class DirectSockets {
  readonly #kernel: Kernel;
  readonly #system: System;
  readonly #ground: DirectGround;

  constructor(kernel: Kernel, system: System, ground: DirectGround) {
    this.#kernel = kernel;
    this.#system = system;
    this.#ground = ground;
  }

  async offer(rights: Rights, id: ActorId): Promise<DirectOffer | undefined> {
    checkActorId(id);
    const { durability, clock } = this.#kernel;
    if (durability?.isDurable(id)) return undefined;
    const where = await this.#system.where(id);
    const worker = this.#system.workers().find(({ index }) => index === where.worker);
    if (!where.active || worker === undefined || worker.pid !== where.pid) return undefined;
    const path = directPath(this.#ground.folder, worker);
    const ticket = writeTicket(rights, path, this.#ground.secret, clock.now());
    return ticket === undefined ? undefined : { path, ticket };
  }
}
