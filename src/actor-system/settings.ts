/** The options of a system as its page shows them, each with what has set it; secrets are not among them. */
import type { Setting } from '../observe/system-facts.ts';
import type { ResolvedOptions } from '../options.ts';
import { clientAddressText } from '../client-wire/client-address.ts';
import { inspect } from '../plain-data/inspect.ts';

/** Defaults that come from the machine, or from what its container gives. */
const OF_MACHINE = ['workers', 'durableInMemoryMax', 'memory'];
/** Defaults that come from the environment of the process, by the variables that they come from. */
const OF_ENVIRONMENT: Readonly<Record<string, string>> = { checkMessages: 'NODE_ENV' };

export function settingsOf(options: ResolvedOptions): Setting[] {
  const given = new Set(options.given);
  return Object.entries(valuesOf(options)).map(([name, value]) => {
    const variable = OF_ENVIRONMENT[name];
    const isOfEnvironment = variable !== undefined && process.env[variable] !== undefined;
    const otherwise = OF_MACHINE.includes(name) ? 'machine' : isOfEnvironment ? 'environment' : 'default';
    return { name, value, from: given.has(name) ? 'given' : otherwise };
  });
}

function valuesOf(options: ResolvedOptions): Record<string, string> {
  const { actors, groups, main, name, dataDir, memory, history, log, listen, web, supervision } = options;
  const addresses = listen.map(({ address }) => clientAddressText(address));
  const at = (option: string): string =>
    web.flatMap((one) => (one.option === option ? [`${one.host}:${one.port}`] : [])).join(', ') || 'none';
  const page = web.find(({ option }) => option === 'dashboard');
  return {
    name,
    actors: typeof actors === 'string' ? actors : `the kinds ${Object.keys(actors).join(', ')}`,
    workers: groups.map(({ role, count }) => `${count} ${role}`).join(', ') || '0: all in this process',
    main: main ?? 'none',
    dataDir,
    supervision: `${supervision.intensity} restarts in ${supervision.periodMs} ms, hangMs ${options.hangMs}, whenAllGivenUp ${options.whenAllGivenUp}`,
    askTimeoutMs: `${options.askTimeoutMs}`,
    messageBytesMax: `${options.messageBytesMax}`,
    memory: memory === undefined ? 'a part of the heap of each process' : `${memory}`,
    durableInMemoryMax: `${options.durableInMemoryMax}`,
    checkMessages: `${options.checkMessages}`,
    pollMicros: `${options.pollMicros}`,
    shutdownMs: `${options.shutdownMs}`,
    history: history === undefined ? 'none is kept' : inspect(history),
    log: typeof log === 'string' ? log : 'a logger of the program',
    signals: `${options.signals}`,
    listen: addresses.join(', ') || 'none',
    controlSocket: options.controlSocket,
    metrics: at('metrics'),
    dashboard:
      page === undefined
        ? 'none'
        : `${at('dashboard')}${page.token === undefined ? '' : ', with a token'}${page.readOnly ? ', read only' : ''}`,
  };
}
