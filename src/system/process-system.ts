/**
 * The system seen from one process: checks what its caller gives, and hands it to the kernel here or to the master.
 */
import { checkTopic } from '../pubsub/local-topics.ts';
import { join } from 'node:path';
import type { UntypedRef } from '../actor/actor-ref.ts';
import type { AskOptions } from '../actor/ask-options.ts';
import { refTarget } from '../actor/actor-context.ts';
import type { RefTo, ActorLocation } from '../actor/context.ts';
import type { ActorDefinition } from '../actor/definition.ts';
import type { Kernel } from '../actor/kernel.ts';
import type { LocalActors } from '../actor/local-actors.ts';
import { STORE_FOLDER } from '../store/store.ts';
import type { ProcessDurability } from '../durability/process-durability.ts';
import { checkId, Sender } from '../actor/sender.ts';
import { SenderRef } from '../actor/sender-ref.ts';
import { checkSpawnOptions } from '../actor/spawn-options.ts';
import { SPAWN_TIMEOUT_MS } from '../actor/local-wait.ts';
import { spawnArgs, spawnId } from '../actor/spawning.ts';
import type { WatchName } from '../vocabulary/signal.ts';
import type { TerminatedListener } from '../actor/watchers.ts';
import { type InspectAnswer, inspectActor } from '../inspection/inspections.ts';
import { inspectAbsent } from '../inspection/inspect-absent.ts';
import { listReminders } from '../inspection/list-reminders.ts';
import { checkList, type MachineLists, partsOfMachine } from '../inspection/list-actors.ts';
import { mergeFlows } from '../inspection/merge-flows.ts';
import type { ActorInspection } from '../observe/actor-inspection.ts';
import type { ActorList, ListOptions, ListQuery, ListsAnswer } from '../observe/actor-list.ts';
import type { BlockedLoop, Checkup } from '../observe/checkup.ts';
import type { ClusterCheckup } from '../observe/cluster-checkup.ts';
import type { FlowAnswer, MessageFlow } from '../observe/message-flow.ts';
import type { PastPlace } from '../observe/past-place.ts';
import type { ReminderList } from '../observe/reminder-list.ts';
import type { MachineShape } from '../observe/xstate-shape.ts';
import type { PlacementView } from '../observe/placement-view.ts';
import type { PastTurn } from '../observe/turn-history.ts';
import type { Listener } from '../observe/event-bus.ts';
import { type ActorId, kindOf } from '../vocabulary/address.ts';
import { Envelope, type Message } from '../vocabulary/envelope.ts';
import { TroupeError } from '../vocabulary/errors.ts';
import type { EventName } from '../vocabulary/events.ts';
import { inspect } from '../plain-data/inspect.ts';
import type { MachineInfo } from '../observe/machine-info.ts';
import type { MasterRequest, WorkerInfo } from '../wire/control.ts';
import type { Look } from '../wire/process-query.ts';
import { checkEvent, checkIndex, checkLast, checkListener, checkRole, checkShutdown } from './call-checks.ts';
import { type DeadLetterBox, deadLetterBox } from './dead-letter-box.ts';
import type { SystemMetrics } from './metrics.ts';
import {
  checkIsHere,
  lastTurns,
  listsOfAll,
  type LookingAround,
  type MachineCalling,
  type OneMachine,
  ofAllMachines,
  onMachineOf,
} from './machine-looks.ts';
import { type MachineTarget, moveActor } from './machine-moves.ts';
import { type PauseOptions, pauseRequest, type ResumeOptions, resumeRequest } from './pause-calls.ts';
import { checkIds, checkKind, firstIds, REMOVE_TIMEOUT_MS } from './stored-ids.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { IdsOptions, SpawnOptions, System } from './system.ts';

/** The port to the rest of the system. */
export interface ClusterPort {
  readonly self: ProcessIdentity;
  workers(): WorkerInfo[];
  machines(): MachineInfo[];
  request(what: MasterRequest): Promise<unknown>;
  /** A pin for an actor about to be spawned, where the table alone does not decide. */
  claim(id: ActorId, options: SpawnOptions): Promise<void> | undefined;
  metrics(): Promise<SystemMetrics>;
  /** The worker of an actor as the table says; undefined: the master would have to place it. Below 0: none. */
  hostOf(id: ActorId): number | undefined;
  /** The answers of one process, or of all, in time. */
  look(what: Look, worker: number | undefined): Promise<unknown[]>;
  /** Undefined: this machine is alone. */
  readonly beyond?: MachineCalling | undefined;
  /** The last places of an actor and its shard; none but in the master. */
  pastPlaces(id: ActorId): PastPlace[];
  placement(): Promise<PlacementView>;
  /** Workers whose event loop gives no answer. */
  blockedLoops(): Promise<BlockedLoop[]>;
  shutdown(options: { timeoutMs?: number }): Promise<void>;
}

const kernels = new WeakMap<object, Kernel>();

/** For what takes part in a process from outside; undefined for what is no system of this copy of the package. */
export function kernelOf(system: unknown): Kernel | undefined {
  return typeof system === 'object' && system !== null ? kernels.get(system) : undefined;
}

export class ProcessSystem implements System, OneMachine {
  readonly name: string;
  readonly #kernel: Kernel;
  readonly #actors: LocalActors;
  readonly #cluster: ClusterPort;
  readonly #sender: Sender;
  readonly #looking: LookingAround;
  readonly #durability: ProcessDurability | undefined;
  readonly deadLetters: DeadLetterBox;

  constructor(name: string, kernel: Kernel, actors: LocalActors, cluster: ClusterPort, durability?: ProcessDurability) {
    this.name = name;
    this.#kernel = kernel;
    kernels.set(this, kernel);
    this.#actors = actors;
    this.#cluster = cluster;
    this.#looking = { clock: kernel.clock, cluster };
    this.#sender = new Sender(kernel, undefined);
    this.#durability = durability;
    this.deadLetters = deadLetterBox(() => durability?.letters, kernel, cluster);
  }

  get self(): ProcessIdentity {
    return { ...this.#cluster.self };
  }

  tell(id: ActorId, message: Message): boolean {
    return this.#sender.tell(id, message);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the caller knows what it asked for
  ask<R = any>(id: ActorId, message: Message, options?: AskOptions): Promise<R> {
    return this.#sender.ask(id, message, options) as Promise<R>;
  }

  ref(id: ActorId | { readonly id: ActorId }): UntypedRef;
  ref<D extends ActorDefinition>(definition: D, key: string): RefTo<D>;
  ref(target: ActorId | { readonly id: ActorId } | ActorDefinition, key?: string): unknown {
    return new SenderRef(this.#kernel, this.#sender, refTarget(this.#kernel, target, key));
  }

  async spawn(kind: string, options: SpawnOptions = {}): Promise<UntypedRef> {
    this.#checkOpen();
    checkSpawnOptions(options);
    const kernel = this.#kernel;
    const id = spawnId(kernel, kind, options, { isAnywhere: options.placement === undefined });
    const args = spawnArgs(options);
    await this.#cluster.claim(id, options);
    await this.#sender.request('spawn', id, args, { timeoutMs: SPAWN_TIMEOUT_MS }).promise;
    return this.ref(id);
  }

  stop(id: ActorId, reason?: string): Promise<void> {
    this.#checkOpen();
    return this.#sender.stop(id, reason);
  }

  async kill(id: ActorId): Promise<void> {
    this.#checkOpen();
    await this.#sender.request('kill', checkId(id), undefined).promise;
  }

  async remove(id: ActorId): Promise<void> {
    this.#checkOpen();
    const { behaviours } = this.#kernel;
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    const isDurable = behaviours.get(kindOf(id))?.durable !== undefined;
    const timeoutMs = isDurable ? REMOVE_TIMEOUT_MS : this.#kernel.limits.askTimeoutMs;
    await this.#sender.request('remove', id, undefined, { timeoutMs }).promise;
  }

  async ids(kind: string, options: IdsOptions = {}): Promise<ActorId[]> {
    this.#checkOpen();
    const { after, limit } = checkIds(this.#kernel, kind, options);
    const store = this.#durability?.store;
    if (!store) throw new TroupeError('STORE_FAILED', `ids() needs the store, which is not open in this process`);
    return firstIds(store, kind, after, limit);
  }

  watch(id: ActorId, listener: TerminatedListener): () => void {
    checkId(id);
    checkListener(listener);
    this.#checkOpen();
    const kernel = this.#kernel;
    const { watching } = this.#actors;
    // An entry of its own for each call, so that one function may watch twice.
    const entry: TerminatedListener = (ended) => listener(ended);
    this.#mailWatch('watch', id, watching.addListener(id, entry));
    return () => {
      const watch = watching.removeListener(id, entry);
      if (!kernel.closing) this.#mailWatch('unwatch', id, watch);
    };
  }

  publish(topic: string, message: Message): boolean {
    return this.#sender.publish(topic, message);
  }

  async subscribe(topic: string, subscriber: ActorId | ((message: unknown) => void)): Promise<() => Promise<void>> {
    this.#checkOpen();
    if (typeof subscriber === 'function') return this.#kernel.topics.listen(topic, subscriber);
    checkTopic(topic);
    const id = checkId(subscriber);
    await this.#sender.request('subscribe', id, topic).promise;
    return async () => {
      await this.#sender.request('unsubscribe', id, topic).promise;
    };
  }

  async where(id: ActorId): Promise<ActorLocation> {
    this.#checkOpen();
    return (await this.#sender.request('where', checkId(id), undefined).promise) as ActorLocation;
  }

  workers(): WorkerInfo[] {
    return this.#cluster.workers();
  }

  machines(): MachineInfo[] {
    return this.#cluster.machines();
  }

  async addWorker(options: { role?: string } = {}): Promise<number> {
    const role = checkRole(options);
    return (await this.#cluster.request(
      role === undefined ? { kind: 'add-worker' } : { kind: 'add-worker', role },
    )) as number;
  }

  async removeWorker(index: number): Promise<void> {
    await this.#cluster.request({ kind: 'remove-worker', index: checkIndex(index) });
  }

  async restartWorker(index: number): Promise<void> {
    await this.#cluster.request({ kind: 'restart-worker', index: checkIndex(index) });
  }

  async move(id: ActorId, target: number | MachineTarget): Promise<void> {
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    await moveActor({ clock: this.#kernel.clock, cluster: this.#cluster }, id, target);
  }

  async reload(): Promise<void> {
    await this.#cluster.request({ kind: 'reload' });
  }

  async pause(pattern: string, options: PauseOptions = {}): Promise<void> {
    await this.#cluster.request(pauseRequest(this.#kernel, pattern, options));
  }

  async resume(pattern: string, options: ResumeOptions = {}): Promise<boolean> {
    return (await this.#cluster.request(resumeRequest(pattern, options))) as boolean;
  }

  on<E extends EventName>(event: E, listener: Listener<E>): () => void {
    checkEvent(event);
    checkListener(listener);
    return this.#kernel.events.on(event, listener);
  }

  async inspect(id: ActorId): Promise<ActorInspection> {
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    return onMachineOf(this.#looking, id, { name: 'inspect', args: [id] }, () => this.inspectHere(id));
  }

  /** Rejects NO_WORKER where the actor is on another machine. */
  async inspectHere(id: ActorId): Promise<ActorInspection> {
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    checkIsHere(this.#cluster, id);
    const cluster = this.#cluster;
    const found = await inspectActor(
      this.#kernel.clock,
      {
        hostOf: (one) => cluster.hostOf(one),
        ask: (one, worker) => cluster.look({ inspect: one }, worker) as Promise<InspectAnswer[]>,
        absent: (one) => inspectAbsent(this.#actors, this.#durability?.store, one),
      },
      id,
    );
    const { machine } = cluster.self;
    return machine === undefined ? found : { ...found, machine };
  }

  async history(id: ActorId, options: { last?: number | undefined } = {}): Promise<PastTurn[]> {
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    const last = checkLast(options);
    const parts = await ofAllMachines(this.#looking, id, { name: 'history', args: [id, last] }, () =>
      this.historyHere(id, last),
    );
    return lastTurns(parts, last);
  }

  async historyHere(id: ActorId, last: number): Promise<PastTurn[]> {
    return lastTurns((await this.#cluster.look({ history: id, last }, undefined)) as PastTurn[][], last);
  }

  /** The machine of an actor's kind, as the worker that hosts it has loaded it; undefined where it is none, or its worker does not answer. */
  async machine(id: ActorId): Promise<MachineShape | undefined> {
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    return onMachineOf(this.#looking, id, { name: 'machine', args: [id] }, () => this.machineHere(id));
  }

  /** Rejects NO_WORKER where the actor is on another machine. */
  async machineHere(id: ActorId): Promise<MachineShape | undefined> {
    checkIsHere(this.#cluster, id);
    const host = this.#cluster.hostOf(id);
    const worker = host === undefined || host < 0 ? undefined : host;
    const answers = (await this.#cluster.look({ machine: kindOf(id) }, worker)) as (MachineShape | undefined)[];
    return answers.at(-1);
  }

  /** Actors of the store with reminders, the next one first; none where no kind is durable. */
  async reminders(after?: string): Promise<ReminderList> {
    const store = this.#durability?.store;
    return store === undefined ? { reminders: [], next: undefined } : listReminders(store, after);
  }

  async list(options: ListOptions = {}): Promise<ActorList> {
    const [list] = await this.lists([options]);
    return list as ActorList;
  }

  /** Several lists, for which each process goes through its actors once. */
  async lists(options: readonly ListOptions[]): Promise<ActorList[]> {
    const queries = options.map(checkList);
    for (const { kind } of queries) if (kind !== undefined) checkKind(this.#kernel, kind, `${kind}/…`);
    return listsOfAll(this.#looking, options, queries, () => this.listsHere(queries));
  }

  /** Of this machine alone, to be merged with those of others. */
  async listsHere(queries: readonly ListQuery[]): Promise<MachineLists> {
    const running = this.#running();
    const answers = (await this.#cluster.look({ lists: queries }, undefined)) as ListsAnswer[];
    return partsOfMachine(answers, queries, running, this.self.machine);
  }

  /** Messages from kind to kind, which are counted from then on, for a minute; the first look takes a second. */
  async flow(): Promise<MessageFlow> {
    const running = this.#running();
    return mergeFlows((await this.#cluster.look({ flow: true }, undefined)) as FlowAnswer[], running);
  }

  /** Workers that should answer. */
  #running(): number[] {
    return this.workers().flatMap(({ state, index }) => (state === 'ready' || state === 'draining' ? index : []));
  }

  metrics(): Promise<SystemMetrics> {
    return this.#cluster.metrics();
  }

  /** Of each process that answers within 1 000 ms, for the doctor. The first one begins to watch turns. */
  async checkups(): Promise<Checkup[]> {
    return (await this.#cluster.look({ checkup: true }, undefined)) as Checkup[];
  }

  /** The last places of an actor and of the shard that its id falls into, the oldest first; none but in the master. */
  pastPlaces(id: ActorId): PastPlace[] {
    checkKind(this.#kernel, kindOf(checkId(id)), id);
    return this.#cluster.pastPlaces(id);
  }

  /** Where everything is, and what moves. */
  placement(): Promise<PlacementView> {
    return this.#cluster.placement();
  }

  /** Workers whose event loop gives no answer, for the doctor. */
  blockedLoops(): Promise<BlockedLoop[]> {
    return this.#cluster.blockedLoops();
  }

  /** Takes some seconds. Rejects INVALID_OPTIONS without the option `cluster`. */
  async clusterCheckup(): Promise<ClusterCheckup> {
    return (await this.#cluster.request({ kind: 'cluster-checkup' })) as ClusterCheckup;
  }

  async backup(path: string): Promise<void> {
    if (typeof path !== 'string' || path === '')
      throw new TroupeError('INVALID_OPTIONS', `a backup goes to the path of a folder; got ${inspect(path)}`);
    const store = this.#durability?.store;
    if (!store) throw new TroupeError('STORE_FAILED', 'backup() needs a store; the system has no durable actors');
    await store.backup(join(path, STORE_FOLDER));
  }

  drained(): Promise<void> {
    return this.#sender.drained();
  }

  shutdown(options: { timeoutMs?: number } = {}): Promise<void> {
    checkShutdown(options);
    // At once: what is called behind it, in the same turn, is refused like all that comes later.
    this.#kernel.closing = true;
    void this.#kernel.gateways.close();
    return this.#cluster.shutdown(options);
  }

  #mailWatch(verb: 'watch' | 'unwatch', id: ActorId, watch: WatchName | undefined): void {
    if (watch !== undefined) this.#kernel.router.deliver(new Envelope(verb, id, watch, undefined, undefined, 0));
  }

  #checkOpen(): void {
    if (!this.#kernel.closing) return;
    throw new TroupeError('SHUTTING_DOWN', 'the system is shutting down; call rejected', { fate: 'not-executed' });
  }
}
