/** Goes through every order in which the steps of a Promela model can happen. */
import type { Memory, Message, Option, Promela } from './promela.ts';

/** One process of the model. */
export interface Instance {
  name: string;
  /** The number that it is run with. */
  at: number;
  options: Option[];
  locals: () => Record<string, number | string>;
}

/** A step that happens: which option of which process, from where to where. */
export interface Transition {
  process: string;
  at: number;
  option: number;
  before: Memory;
  after: Memory;
}

/** Local variables are single letters, and zero where a step begins. */
function locals(parameter: string | undefined, at: number): Record<string, number | string> {
  const zeros = Object.fromEntries([...'abcdeikmnopqruvxyz'].map((name) => [name, 0]));
  return parameter === undefined ? zeros : { ...zeros, [parameter]: at };
}

export function instance(model: Promela, name: string, at = 0): Instance {
  const process = model.processes[name];
  if (!process) throw new Error(`the model has a process ${name}; got ${Object.keys(model.processes)}`);
  return { name, at, options: process.options, locals: () => locals(process.parameter, at) };
}

/** All that may come of a step, as its choices fall. */
export function* outcomes(memory: Memory, act: Option['act'], own: Record<string, number | string>): Generator<Memory> {
  let path: number[] = [];
  for (;;) {
    const sizes: number[] = [];
    const copy = copyOf(memory);
    act(copy, { ...own }, (options) => {
      if (options.length === 1) return options[0] as number;
      const at = sizes.push(options.length) - 1;
      path[at] ??= 0;
      return options[path[at]] as number;
    });
    yield copy;
    path = path.slice(0, sizes.length);
    while (path.length > 0 && (path.at(-1) as number) + 1 >= (sizes[path.length - 1] as number)) path.pop();
    if (path.length === 0) return;
    path[path.length - 1] = (path.at(-1) as number) + 1;
  }
}

function copyOf(memory: Memory): Memory {
  const copy = { ...memory };
  for (const name in copy) {
    const value = copy[name];
    if (!Array.isArray(value)) continue;
    const isChannels = Array.isArray(value[0]);
    copy[name] = (isChannels ? (value as Message[][]).map((channel) => channel.slice()) : value.slice()) as never;
  }
  return copy;
}

/** Channels hold lists, each of which is one message. */
function textOf(value: Memory[string]): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((part) => (Array.isArray(part) ? part.join(';') : part)).join(' ');
}

/** Beside the model's own memory: `T`, as the caller makes it of each step. */
interface Visit<T> {
  memory: Memory;
  stage: number;
  beside: T;
}

export interface Search<T> {
  model: Promela;
  instances: Instance[];
  /** Beside the first state. */
  beside: T;
  /** Part of what makes two states the same. */
  keyOf(beside: T): string;
  /** Only steps of which this is true, where there is one. */
  isUrgent(memory: Memory, process: string, option: number): boolean;
  after(transition: Transition, beside: T): T;
}

/** The number of states. What `after` throws, and a violation of the model's own assertions, ends it. */
export function explore<T>({ model, instances, beside, keyOf, isUrgent, after }: Search<T>): number {
  const seen = new Set<string>();
  const open: Visit<T>[] = [];
  const visit = (next: Visit<T>): void => {
    const key = `${next.stage}/${Object.values(next.memory).map(textOf).join('/')}/${keyOf(next.beside)}`;
    if (seen.has(key)) return;
    seen.add(key);
    open.push(next);
  };
  for (const memory of outcomes(model.initial, model.init, locals(undefined, 0))) visit({ memory, stage: 0, beside });
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { memory, stage } = at;
    const steps = instances.flatMap((one) =>
      one.options.flatMap((option, number) =>
        option.isEnabled(memory, one.locals()) ? [{ one, option, number }] : [],
      ),
    );
    const urgent = steps.filter(({ one, number }) => isUrgent(memory, one.name, number));
    for (const { one, option, number } of urgent.length > 0 ? urgent : steps) {
      for (const to of outcomes(memory, option.act, one.locals())) {
        const transition = { process: one.name, at: one.at, option: number, before: memory, after: to };
        visit({ memory: to, stage, beside: after(transition, at.beside) });
      }
    }
    const timeout = steps.length === 0 ? model.timeouts[stage] : undefined;
    if (!timeout) continue;
    for (const to of outcomes(memory, timeout, locals(undefined, 0)))
      visit({ memory: to, stage: stage + 1, beside: at.beside });
  }
  return seen.size;
}
