/** The messages of the master to a process, each given to the part that it is for. */
import type { Behaviour } from '../actor/behaviour.ts';
import type { LetThrough } from '../actor/pauses.ts';
import type { HandoffParticipant } from '../handoff/handoff-participant.ts';
import { PlacementTable } from '../placement/placement-table.ts';
import { isUnroutable, NO_WORKER_LEFT } from '../routing/unroutable.ts';
import type { ProcessSystem } from '../system/process-system.ts';
import type { EventName } from '../vocabulary/events.ts';
import type { ToProcess } from '../wire/control.ts';
import type { ClusterProcessOptions } from './cluster-process-options.ts';
import { eventFromWire } from './event-payload.ts';
import type { FirstLinks } from './first-links.ts';
import type { KnownCluster } from '../routing/known-cluster.ts';
import { runMain } from './main-run.ts';
import type { MasterRequests } from './master-requests.ts';
import { pauseActors } from './pause-changes.ts';
import type { PeerLoss } from './peer-loss.ts';
import { type AnsweringParts, answerTo } from './process-answers.ts';
import { takeUpKinds } from './removed-kinds.ts';
import { type TableMessage, takeUpTable } from './table-changes.ts';

export interface ControlParts extends AnsweringParts {
  readonly options: ClusterProcessOptions;
  readonly cluster: KnownCluster;
  readonly behaviours: Map<string, Behaviour>;
  readonly system: ProcessSystem;
  readonly requests: MasterRequests;
  readonly handoffs: HandoffParticipant;
  readonly loss: PeerLoss;
  readonly firstLinks: FirstLinks;
  readonly letThrough: LetThrough;
}

export class ControlHandler {
  readonly #parts: ControlParts;
  /** A ref that came from another process, as one of this one. */
  readonly #toRef = (id: string): unknown => this.#parts.system.ref(id);

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** A promise: what comes behind the message has to wait for it. */
  readonly handle = (message: ToProcess): Promise<void> | undefined => {
    const { options, cluster, router, peers, handoffs, system, actors, requests } = this.#parts;
    const { events } = actors.kernel;
    switch (message.type) {
      case 'welcome':
        this.#welcome(message);
        break;
      case 'peer':
        peers.expect(message.peer);
        break;
      case 'table':
        return this.#takeUp(message);
      case 'hold':
        handoffs.hold(message.move);
        break;
      case 'abort':
        handoffs.end(message.move, false);
        handoffs.release(message.move);
        break;
      case 'prepare':
        handoffs.prepare(message.move, message.quiesceMs, message.isLast);
        break;
      case 'serve':
        actors.kernel.serving?.serve(message.until);
        break;
      case 'go':
        void runMain(options.main, system).then((outcome) => options.control.send(outcome));
        break;
      case 'workers':
        cluster.workers = message.workers;
        router.refuseUnhosted('NO_WORKER', NO_WORKER_LEFT, ({ role }) => isUnroutable(cluster.workers, role));
        break;
      case 'wanted-events':
        events.wantElsewhere(message.names);
        break;
      case 'event':
        events.relay(message.name as EventName, eventFromWire(message.payload, this.#toRef) as never);
        break;
      case 'reply':
        requests.replied(message.request, message.value, message.error);
        break;
      case 'query':
        void this.#answer(message);
        break;
      case 'exit':
        options.exit();
        break;
    }
    return undefined;
  };

  #welcome({ table, holds, peers, servesUntil }: Extract<ToProcess, { type: 'welcome' }>): void {
    const { actors, cluster, durability, handoffs, firstLinks } = this.#parts;
    cluster.table = PlacementTable.from(table);
    actors.kernel.serving?.serve(servesUntil);
    this.#pause();
    // Of those before it, it may be the successor.
    durability.diedBefore(table.epoch);
    firstLinks.await(peers.map((peer) => this.#parts.peers.connect(peer)));
    this.#parts.others?.welcome(cluster);
    for (const move of holds) handoffs.hold(move);
    firstLinks.tellIfAll();
  }

  /** As the table says. */
  #pause(): void {
    const { actors, cluster, letThrough } = this.#parts;
    pauseActors(actors, cluster.table.pauses, letThrough);
  }

  #takeUp(message: TableMessage): Promise<void> | undefined {
    const { actors, router, peers, handoffs, loss, options, cluster, behaviours, durability, others } = this.#parts;
    return takeUpTable(message, {
      ...{ actors, router, peers, handoffs, loss, others, toRef: this.#toRef },
      ...{ worker: options.self.index, table: cluster.table },
      kindsChanged: (kinds) => takeUpKinds(kinds, behaviours, router, actors),
      pausesChanged: () => this.#pause(),
      takenOver: () => durability.takeOver(),
      noted: (change) => cluster.places?.note(change, actors.kernel.clock.wall()),
    });
  }

  async #answer({ query, what }: Extract<ToProcess, { type: 'query' }>): Promise<void> {
    const value = await answerTo(what, this.#parts);
    this.#parts.options.control.send({ type: 'answer', query, value });
  }
}
