/** The public face. */
import './node-version.ts';

export { type ActorOptions, defineActor, type MachineOptions } from './actor/define-actor.ts';
export type { ActorDefinition } from './actor/definition.ts';
export type { ActorRef, AnyMessage, MessageOf, ReplyOf, UntypedRef } from './actor/actor-ref.ts';
export type { AskOptions } from './actor/ask-options.ts';
export type { ActorLocation, CommonSpawnOptions, Context, RefTo, SpawnChildOptions } from './actor/context.ts';
export { type MachineReply, publish, reply, tell } from './actor/machine-actor.ts';
export { createSystem } from './actor-system.ts';
export type { SystemOptions, WorkerGroup, WorkerSupervisionOptions } from './options.ts';
export type { Log } from './observe/log.ts';
export type { BackoffOptions, Directive, RestartType, SupervisionOptions } from './supervision/supervision-options.ts';
export { type ActorId, actorId, parseActorId } from './vocabulary/address.ts';
export { ERROR_CODES, type ErrorCode, type Fate, Refusal, TroupeError } from './vocabulary/errors.ts';
export type { DeadLetter, EventName, SystemEvents } from './vocabulary/events.ts';
export type { ExitReason } from './vocabulary/exit-reason.ts';
export type { WorkerInfo, WorkerState } from './wire/control.ts';
export type { ProcessMetrics, SystemMetrics } from './system/metrics.ts';
export type { IdsOptions, ProcessIdentity, SpawnOptions, System } from './system/system.ts';

import type { ActorLocation } from './actor/context.ts';
import type { SpawnOptions } from './system/system.ts';

/** @deprecated It is `ActorLocation`. */
export type Whereabouts = ActorLocation;
/** @deprecated It is `SpawnOptions`. */
export type SpawnTopOptions = SpawnOptions;
