/** A simulated run in words, line by line: when, who said what to whom. For people who look for the reason of a failure. */
import type { MoveOrder, ToMaster, ToProcess } from '../wire/control.ts';
import type { ControlMessage, FrameEntry, ObservedEvent, ObservedFrame, SimulationEvent } from './observation.ts';

/** The events of a run that are put into words. */
export interface TraceOptions {
  /** Signs of life, loads and credits, too. Default false. */
  everything?: boolean;
}

/** Control messages that are sent all the time and mean nothing for the order of things. */
const NOISE = new Set(['heartbeat', 'workers', 'wanted-events', 'event', 'listen', 'hello', 'boot']);

/**
 * An event of a simulation as one line of text: when, who said what to whom. Undefined for what is left out.
 *
 * @example
 * ```ts
 * simulation.observers.add((event) => {
 *   const line = traceLine(event);
 *   if (line !== undefined) console.log(line);
 * });
 * ```
 */
export function traceLine(event: ObservedEvent<ControlMessage>, options: TraceOptions = {}): string | undefined {
  const text = textOf(event as SimulationEvent, options);
  return text === undefined ? undefined : `${event.at.toFixed(3).padStart(10)}  ${text}`;
}

function textOf(event: SimulationEvent, { everything = false }: TraceOptions): string | undefined {
  switch (event.kind) {
    case 'control': {
      const { step, from, to, message } = event;
      if (!everything && NOISE.has(message.type)) return undefined;
      return `${from} ${step === 'sent' ? '─►' : '══►'} ${to}  ${controlText(message)}${step === 'sent' ? '' : '  (received)'}`;
    }
    case 'frame': {
      const { step, from, to, frame } = event;
      if (!everything && frame.entries.every(({ type }) => type === 'credit')) return undefined;
      return `${from} ${step === 'written' ? '─►' : '══►'} ${to}  ${frameText(frame, step === 'written')}`;
    }
    case 'link-end':
      return `${event.from} ══► ${event.to}  end of the link${event.lost.length > 0 ? `, ${event.lost.length} frames lost` : ''}`;
    case 'process':
      return `${event.process} ${event.step}`;
    case 'network':
      return `link ${event.from} ${event.to} ${event.step}`;
    case 'jump':
      return `the clock jumps by ${event.ms} ms`;
  }
}

function frameText({ number, epoch, entries }: ObservedFrame, isWritten: boolean): string {
  if (!isWritten) return `frame ${number} (received)`;
  return `frame ${number}, epoch ${epoch}: ${entries.map(entryText).join(' · ')}`;
}

function entryText(entry: FrameEntry): string {
  switch (entry.type) {
    case 'mail': {
      const ask = entry.process === undefined ? '' : ` [ask ${entry.process}:${entry.number}]`;
      return `${entry.sender ?? 'process'} → ${entry.to} ${entry.verb === 'message' ? '' : `${entry.verb} `}${short(entry.message)}${ask}`;
    }
    case 'reply':
    case 'failure':
      return `${entry.type} ${entry.process}:${entry.number} ${short(entry.value)}`;
    case 'signal':
      return `signal → ${entry.to} ${short(entry.signal)}`;
    case 'publish':
      return `${entry.sender ?? 'process'} publishes in ${entry.topic} ${short(entry.message)}`;
    default: {
      const { type, ...rest } = entry;
      return `${type} ${short(rest)}`;
    }
  }
}

function controlText(message: ToMaster | ToProcess): string {
  switch (message.type) {
    case 'table': {
      const { epoch, dead, columns, pins, endedMoves } = message.change;
      const shards = Object.values(columns).reduce((sum, changes) => sum + changes.length, 0);
      const parts = [
        `table, epoch ${epoch}`,
        dead && `worker ${dead.index}.${dead.incarnation} is dead`,
        shards > 0 && `${shards} shards`,
        pins.length > 0 && `pins ${short(pins)}`,
        endedMoves.length > 0 && `ends ${endedMoves.join(' ')}`,
        message.start.length > 0 && `starts ${message.start.map(({ id }) => id).join(' ')}`,
      ];
      return parts.filter(Boolean).join(', ');
    }
    case 'hold':
      return `hold ${orderText(message.move)}`;
    case 'welcome':
      return `welcome, epoch ${message.table.epoch}, holds ${message.holds.map(({ id }) => id).join(' ') || 'none'}`;
    case 'peer':
      return `peer ${message.peer.index}.${message.peer.incarnation}`;
    default: {
      const { type, ...rest } = message;
      return `${type} ${short(rest)}`;
    }
  }
}

function orderText({ id, purpose, units, from, to }: MoveOrder): string {
  return `move ${id} (${purpose}) of ${units.join(' ')} from ${from.index}.${from.incarnation} to ${to.index}.${to.incarnation}`;
}

/** Characters of a value, at most. */
const VALUE_LENGTH_MAX = 120;

export function short(value: unknown): string {
  if (value instanceof Error) return `${(value as { code?: string }).code ?? value.name}: ${value.message}`;
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}
