/** The public face. */
import './node-version.ts';

export type { ActorRef, AnyMessage, MessageOf, PayloadOf, ReplyOf, UntypedRef } from './actor/actor-ref.ts';
export type { AskOptions } from './actor/ask-options.ts';
export type { KindCounters } from './actor/behaviour.ts';
export type { ActorLocation, CommonSpawnOptions, Context, RefTo, SpawnChildOptions } from './actor/context.ts';
export {
  type ActorOptions,
  type AnyState,
  type CommonActorOptions,
  defineActor,
  type DurableOptions,
  type Handlers,
  type MachineHandlers,
  type MachineOptions,
  type PlacementOptions,
  type StatelessOptions,
} from './actor/define-actor.ts';
export type { ActorDefinition } from './actor/definition.ts';
export type { EventOf, MachineLogic, MachineReply } from './actor/xstate-actor.ts';
export type { TerminatedListener } from './actor/watchers.ts';
export { createSystem } from './actor-system.ts';
export type { DeadLetterContent, StoredDeadLetter } from './commit/stored-dead-letters.ts';
export type { ClientOptions, ListenOptions } from './gateway/listen-options.ts';
export type { ClientRight } from './gateway/rights.ts';
export type { ClusterOptions } from './membership/cluster-options.ts';
export type {
  ActorInspection,
  ActorStatus,
  Listed,
  MailboxInspection,
  TimerInspection,
  TurnInspection,
  WaitInspection,
  WaitingMail,
} from './observe/actor-inspection.ts';
export type { ActorList, ListedActor, ListOptions, ListSort, SilentMachine } from './observe/actor-list.ts';
export type { CommitMetrics } from './commit/committer.ts';
export type { GcMetrics } from './observe/gc-watch.ts';
export type { HandoffMetrics } from './observe/handoff-metrics.ts';
export type { LinkMetrics } from './observe/link-metrics.ts';
export type { LoopMetrics } from './observe/loop-watch.ts';
export type { Timing, TimingExemplar } from './observe/timing.ts';
export type { HistoryOptions, PastTurn } from './observe/turn-history.ts';
export type { Listener } from './observe/event-bus.ts';
export type { Log } from './observe/log.ts';
export type { ExchangeMetrics, GatewayMetrics, QueueMetrics } from './observe/outside-gateways.ts';
export type { SystemOptions, WorkerGroup, WorkerSupervisionOptions } from './options.ts';
export type {
  BackoffOptions,
  ChildrenStrategy,
  Directive,
  OnFailure,
  RestartType,
  SupervisionOptions,
} from './supervision/supervision-options.ts';
export type { DeadLetterBox } from './system/dead-letter-box.ts';
export type { ClientMetrics, ClientRefusals } from './observe/client-metrics.ts';
export type { KindMetrics, ProcessMetrics, SystemMetrics } from './system/metrics.ts';
export type { MachineTarget } from './system/machine-moves.ts';
export type { PauseOptions, Pausing, ResumeOptions } from './system/pause-calls.ts';
export type { Pause } from './vocabulary/pause.ts';
export type { ProcessIdentity } from './system/process-identity.ts';
export type { IdsOptions, SpawnOptions, System } from './system/system.ts';
export { type ActorId, actorId, parseActorId } from './vocabulary/address.ts';
export type { Message } from './vocabulary/envelope.ts';
export {
  ERROR_CODES,
  type ErrorCode,
  type Fate,
  Refusal,
  TroupeError,
  type TroupeErrorOptions,
} from './vocabulary/errors.ts';
export type { DeadLetter, DeadLetterReason, EventName, SystemEvents } from './vocabulary/events.ts';
export type { ExitReason } from './vocabulary/exit-reason.ts';
export type { SchemaIssue, SchemaResult, StandardSchemaV1 } from './vocabulary/standard-schema.ts';
export type { RedactOptions } from './inspection/redaction.ts';
export type { DashboardOptions, MetricsOptions } from './web/web-options.ts';
export type { MachineInfo } from './observe/machine-info.ts';
export type { WorkerInfo, WorkerState } from './wire/control.ts';

import type { ActorLocation } from './actor/context.ts';
import type { SpawnOptions } from './system/system.ts';
import { publish as publishAction, reply as replyAction, tell as tellAction } from './xstate/index.ts';

/** @deprecated It is `ActorLocation`. */
export type Whereabouts = ActorLocation;
/** @deprecated It is `SpawnOptions`. */
export type SpawnTopOptions = SpawnOptions;
/** @deprecated Import it from `troupe/xstate`. */
export const publish: typeof publishAction = publishAction;
/** @deprecated Import it from `troupe/xstate`. */
export const reply: typeof replyAction = replyAction;
/** @deprecated Import it from `troupe/xstate`. */
export const tell: typeof tellAction = tellAction;
