/** Commands that change where actors live, which workers there are, and whether the system runs. */
import type { ConnectedClient } from '../client/connected-client.ts';
import type { SystemMetrics } from '../system/metrics.ts';
import type { WorkerInfo } from '../wire/control.ts';
import type { CallArgument } from '../wire/entry.ts';
import { type CommandPlan, numberOption, textOption, wholeOption, workerOption } from '../cli-ground/command.ts';
import { CommandError, FAILED } from '../cli-ground/exit-codes.ts';
import type { Output } from '../cli-ground/output.ts';
import { type ReachOptions, withSystem } from '../cli-ground/reached-system.ts';

/** Milliseconds between two words on how far a command is. */
const PROGRESS_MS = 500;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;
const RATE_MAX = 1_000_000;
/** Milliseconds that the end of a system is waited for, beyond its drain. */
const END_MS = 60_000;

type Progress = (client: ConnectedClient) => Promise<string>;

interface Step {
  readonly name: string;
  readonly args: readonly CallArgument[];
  readonly doing: string;
  done(answer: unknown): string;
  /** How far it is; it is asked for again and again. */
  readonly progress?: Progress;
}

/** It takes as long as it takes: the drain of a worker has a limit of its own. */
function steer(options: ReachOptions, output: Output, { name, args, doing, done, progress }: Step): Promise<void> {
  return withSystem(options, async (client) => {
    output.progress(`${doing} …`);
    const startedAt = performance.now();
    const telling = output.hasProgress ? progress : undefined;
    // The first look is at how it was before: a reload begins with a worker more.
    await telling?.(client);
    const answering = client.call(name, args, 0);
    const stopTelling = telling && tellAgain(output, () => telling(client));
    const answer = await answering.finally(stopTelling);
    const ms = Math.round(performance.now() - startedAt);
    output.result({ done: name, ...(answer !== undefined && { answer }), ms }, () => `${done(answer)} (${ms} ms)`);
  });
}

/** Each time that something has changed, until the returned function is called. */
function tellAgain(output: Output, ask: () => Promise<string>): () => void {
  let last = '';
  let isOver = false;
  const tell = (text: string): void => {
    if (!isOver && text !== last) output.progress((last = text));
  };
  // One that is not answered in time says nothing: the command itself does.
  const timer = setInterval(() => ask().then(tell, () => {}), PROGRESS_MS);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

/** Of a worker that is drained. */
function actorsLeft(index: number): Progress {
  return async (client) => {
    const { workers } = (await client.call('metrics')) as SystemMetrics;
    const { actors, mailbox } = workers.find(({ worker }) => worker === index) ?? { actors: 0, mailbox: 0 };
    return `worker ${index}: ${actors} actors left, with ${mailbox} messages`;
  };
}

/** Of all workers, one after the other. */
function workersReplaced(): Progress {
  let first: Map<number, number> | undefined;
  return async (client) => {
    const workers = (await client.call('workers')) as WorkerInfo[];
    first ??= new Map(workers.map(({ index, pid }) => [index, pid]));
    const isReplaced = ([at, was]: [number, number]): boolean =>
      workers.some(({ index, pid, state }) => index === at && pid !== was && state === 'ready');
    return `${[...first].filter(isReplaced).length} of ${first.size} workers replaced`;
  };
}

const move: CommandPlan = {
  usage: 'move <id> [worker]',
  summary: 'move an actor to a worker, or to another machine, with state and mail',
  example: 'troupe move chat-room/lobby 2',
  options: [['--machine <id>', 'one of troupe status; its whole partition goes there, and stays']],
  run: async ([id = '', worker], options, output) => {
    const machine = textOption(options.machine);
    const to = worker === undefined && machine !== null ? null : workerOption(worker);
    const at = [...(to === null ? [] : [`worker ${to}`]), ...(machine === null ? [] : [`machine ${machine}`])];
    await steer(options, output, {
      ...{ name: 'move', args: machine === null ? [id, to] : [id, to, machine], doing: `moving ${id}` },
      done: () => `${id} is on ${at.join(' of ')}`,
    });
  },
};

const pause: CommandPlan = {
  usage: 'pause <pattern>',
  summary: 'keep the mail of actors, and begin none of their turns',
  example: "troupe pause 'order/*' --reason 'the payment service is down'",
  options: [['--reason <text>', 'why, for those who look']],
  run: ([pattern = ''], options, output) =>
    steer(options, output, {
      ...{ name: 'pause', args: [pattern, textOption(options.reason)], doing: `pausing ${pattern}` },
      done: () => `${pattern} is paused`,
    }),
};

const resume: CommandPlan = {
  usage: 'resume <pattern>',
  summary: 'end a pause; with --per-second so many messages go through in a second, until the next resume',
  example: "troupe resume 'order/*' --per-second 50",
  options: [['--per-second <n>', 'messages in a second, in the whole system (default: no limit)']],
  run: ([pattern = ''], options, output) => {
    const rate =
      options.perSecond === undefined ? null : numberOption(options.perSecond, '--per-second', 0.1, RATE_MAX);
    return withSystem(options, async (client) => {
      const wasPaused = await client.call('resume', [pattern, rate], 0);
      if (wasPaused !== true)
        throw new CommandError(
          FAILED,
          'INVALID_OPTIONS',
          `nothing is paused under ${pattern}; troupe status lists what is`,
        );
      const at = rate === null ? '' : `, ${rate} messages a second`;
      output.result({ done: 'resume', pattern, perSecond: rate }, () => `${pattern} goes on${at}`);
    });
  },
};

const addWorker: CommandPlan = {
  usage: 'add-worker',
  summary: 'start one more worker',
  example: 'troupe add-worker --role mail',
  options: [['--role <role>', 'its role (default: that of the first group)']],
  run: (_args, options, output) =>
    steer(options, output, {
      ...{ name: 'add-worker', args: [textOption(options.role)], doing: 'starting a worker' },
      done: (index) => `worker ${index} is ready`,
    }),
};

const drain: CommandPlan = {
  usage: 'drain <worker>',
  summary: 'move the actors of a worker elsewhere, and end it',
  example: 'troupe drain 3',
  run: ([worker], options, output) =>
    steer(options, output, {
      ...{ name: 'remove-worker', args: [workerOption(worker)], doing: `draining worker ${worker}` },
      done: () => `worker ${worker} has ended`,
      progress: actorsLeft(Number(worker)),
    }),
};

const restart: CommandPlan = {
  usage: 'restart <worker>',
  summary: 'drain a worker, and replace it by a new process',
  example: 'troupe restart 1',
  run: ([worker], options, output) =>
    steer(options, output, {
      ...{ name: 'restart-worker', args: [workerOption(worker)], doing: `replacing worker ${worker}` },
      done: () => `worker ${worker} is ready again`,
      progress: actorsLeft(Number(worker)),
    }),
};

const reload: CommandPlan = {
  usage: 'reload',
  summary: 'replace every worker, one after another, with the code that is on disk now',
  example: 'troupe reload',
  run: (_args, options, output) =>
    steer(options, output, {
      ...{ name: 'reload', args: [], doing: 'replacing all workers' },
      done: () => 'all workers run the code on disk',
      progress: workersReplaced(),
    }),
};

const stop: CommandPlan = {
  usage: 'stop',
  summary: 'drain the whole system, and end it',
  example: 'troupe stop --timeout 5000',
  options: [['--timeout <ms>', 'for the drain (default: the shutdownMs of the system)']],
  run: (_args, options, output) => {
    const timeoutMs =
      options.timeout === undefined ? null : wholeOption(options.timeout, '--timeout', 0, TIMEOUT_MS_MAX);
    return withSystem(options, async (client) => {
      output.progress('stopping …');
      const ended = endOf(client, (timeoutMs ?? 0) + END_MS);
      await client.call('shutdown', [timeoutMs]);
      await ended;
      output.result({ done: 'stop' }, () => 'the system has ended');
    });
  },
};

/** The connection goes with the system. */
function endOf(client: ConnectedClient, withinMs: number): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    client.on('disconnected', () => resolve());
    const text = `the system has not ended within ${withinMs} ms: it still drains, or its program keeps it alive`;
    setTimeout(() => reject(new CommandError(FAILED, 'ASK_TIMEOUT', text)), withinMs).unref();
  });
  ended.catch(() => {});
  return ended;
}

export const CONTROL_COMMANDS: readonly CommandPlan[] = [move, pause, resume, addWorker, drain, restart, reload, stop];
