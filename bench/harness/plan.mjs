/** Who runs in each round, and which figures are set in relation to which. */

const OURS = 'troupe';
const LOCAL = ['S1', 'S2', 'S3', 'S6', 'S7'];
const BETWEEN = ['S4', 'S5'];

/**
 * In the order of a round. `needs` is a module or command that may be missing: then the system is left out, by name.
 * `quick`: part of `--quick` as well. `imports`: modules of this folder that each process loads first; the SDK of OpenTelemetry is such.
 */
export const SYSTEMS = [
  { program: 'troupe-local', scenarios: LOCAL, quick: true },
  { program: 'limit-local', scenarios: LOCAL, quick: true },
  { program: 'peer-erlang', scenarios: [...LOCAL, ...BETWEEN], needs: { command: 'erl' } },
  { program: 'peer-xstate', scenarios: LOCAL, needs: { module: 'xstate' }, quick: true },
  { program: 'peer-nact', scenarios: LOCAL, needs: { module: 'nact' }, quick: true },
  { program: 'peer-comedy', scenarios: ['S1', 'S2', 'S7', ...BETWEEN], needs: { module: 'comedy' } },
  { program: 'peer-effect', scenarios: ['S1', 'S2'], needs: { module: 'effect' } },
  { program: 'troupe-cluster', scenarios: BETWEEN, quick: true },
  { program: 'limit-socket', scenarios: BETWEEN, quick: true },
  { program: 'process-send', scenarios: BETWEEN, quick: true },
  { program: 'process-send', part: 'relay', scenarios: BETWEEN },
  { program: 'limit-socket', part: 'layout', scenarios: ['S4'] },
  { program: 'troupe-cluster', part: 'polling', name: 'troupe, polling', scenarios: ['S5'] },
  { program: 'limit-socket', part: 'polling', scenarios: ['S5'] },
  { program: 'peer-moleculer', scenarios: BETWEEN, needs: { module: 'moleculer' } },
  { program: 'peer-piscina', scenarios: ['S5'], needs: { module: 'piscina' } },
  { program: 'durable', scenarios: ['D1', 'D2', 'D3', 'D4'] },
  { program: 'durable-cluster', scenarios: ['D1', 'D3', 'D8'] },
  { program: 'limit-lmdb', scenarios: ['D1'] },
  { program: 'clients', scenarios: ['clients'] },
  { program: 'limit-relay', scenarios: ['clients'] },
  { program: 'peer-http', scenarios: ['clients'] },
  { program: 'peer-socket-io', scenarios: ['clients'], needs: { module: 'socket.io' } },
  { program: 'rabbitmq', scenarios: ['rabbitmq'], needs: { command: 'rabbitmqctl' } },
  { program: 'machines-postgres', scenarios: ['machines'] },
  { program: 'peer-dbos', scenarios: ['machines'], needs: { module: '@dbos-inc/dbos-sdk' } },
  { program: 'machines-cluster', scenarios: ['machines'] },
  { program: 'machine-links', scenarios: ['machines'], name: 'link by TLS' },
  { program: 'machine-links', part: 'unix', scenarios: ['machines'], name: 'link by unix socket' },
];

/** What users do. These run troupe alone, once each round. */
export const USERS = [
  { program: 'chat', scenarios: ['chat'], quick: true },
  { program: 'mix', scenarios: ['mix'] },
  { program: 'observe', scenarios: ['observe'] },
  { program: 'observe', part: 'looked', name: 'troupe, looked at', scenarios: ['observe'] },
  { program: 'observe', part: 'flow', name: 'troupe, its flow looked at', scenarios: ['observe'] },
  { program: 'observe', part: 'in-turn', scenarios: ['observe'], imports: ['short-looks.mjs'] },
  { program: 'observe', part: 'traced', name: 'troupe, traced', scenarios: ['observe'], imports: ['trace-sdk.mjs'] },
  {
    program: 'observe',
    part: 'unsampled',
    name: 'troupe, traced, unsampled',
    scenarios: ['observe'],
    imports: ['trace-sdk-unsampled.mjs'],
  },
  { program: 'fan-in', scenarios: ['fan-in'], quick: true },
  { program: 'publish', scenarios: ['publish'], quick: true },
  { program: 'ask-chain', scenarios: ['ask-chain'], quick: true },
  { program: 'overload', scenarios: ['overload'] },
  { program: 'latency-under-load', scenarios: ['load'] },
  { program: 'churn', scenarios: ['churn'] },
  { program: 'scaling', scenarios: ['scaling'] },
  { program: 'memory', scenarios: ['memory'] },
  { program: 'start-up', scenarios: ['start-up'], quick: true },
  { program: 'failover', scenarios: ['failover'] },
];

const small = 'S4 tell small';
const large = 'S4 tell 1 KB';
const asks = 'S5 ask, 256 in flight';
const more = (of, against, least, hoped, rest) => ({ of, against, least, hoped, ours: OURS, ...rest });

/** The table of aims: how many times better than whom, at least and hoped for. */
export const AIMS = [
  more(small, 'process.send', 8, 12),
  more(small, 'cluster relay', 25, 40),
  more(small, 'erlang', 8, 15),
  more(small, 'bare frames', 0.6, 0.85),
  more(small, 'process.send', 1.2, 1.8, { theirs: 'S4 tell small, arrays of 256' }),
  more(large, 'process.send', 2.5, 4),
  more(large, 'erlang', 2.5, 4),
  more(asks, 'process.send', 3, 5),
  more(asks, 'erlang', 3.5, 6),
  more('S5 ask p50', 'process.send', 1, 1.2, { less: true }),
  more('S5 ask p50', 'process.send', 4, 6, { less: true, ours: 'troupe, polling' }),
  more('S1 tell', 'nact', 15, 30),
  more('S1 tell', 'xstate fromTransition', 2, 4),
  more('S1 tell', 'erlang', 0.7, 1.2),
  more('S2 ping-pong', 'nact', 15, 30),
  more('S2 ping-pong', 'erlang', 2, 5),
  more('S2 ask sequential', 'nact', 5, 10),
  more('S2 ask sequential', 'erlang', 1, 2),
  more('S3 spawn and tell', 'erlang', 1, 2),
  more('S6 fan-out 1-1000-1', 'erlang', 2, 5),
  more('S7 thread ring 503', 'erlang', 2, 5),
  more('D1 1024 in flight, fsync', 'bare LMDB', 0.5, 0.8),
  more('clients client ask, 256 in flight', 'node:http', 3, 4),
  more('clients client ask, 256 in flight', 'socket.io', 3, 4),
  more('clients client ask p50', 'bare relay', 0.6, 0.8, { less: true }),
  more('clients client ask p50', 'troupe', 1 / 1.3, 1, { less: true, theirs: 'clients ask between workers p50' }),
  more('machines durable turns, 1024 in flight', 'bare upserts, VALUES', 0.5, 0.8),
  more('machines durable turns, 1024 in flight', 'DBOS step', 10, 20),
  more('machines tell small', 'between workers', 0.6, 0.9, { ours: 'between machines' }),
  more('machines ask p50', 'between workers', 0.5, 0.7, { ours: 'between machines', less: true }),
  more('machines link frames of 100 bytes', 'link by unix socket', 0.3, 0.6, { ours: 'link by TLS' }),
  more('rabbitmq consume and acknowledge, prefetch 1000', 'bare amqplib', 0.8, 0.95),
];

/** Ratios to limits, which `--compare` watches: a peer may have a bad day, a limit of the same round has the same one. */
export const GUARDS = [
  more('S1 tell', 'bare mailbox'),
  more('S2 ping-pong', 'bare mailbox'),
  more('S2 ask sequential', 'bare mailbox'),
  more('S2 ask, 256 in flight', 'bare mailbox'),
  more('S3 spawn and tell', 'bare mailbox'),
  more('S3 heap per idle actor', 'bare mailbox', undefined, undefined, { less: true }),
  more('S6 fan-out 1-1000-1', 'bare mailbox'),
  more('S7 thread ring 503', 'bare mailbox'),
  more(small, 'bare frames'),
  more(large, 'bare frames'),
  more('S4 tell small, both ways', 'bare frames'),
  more('S5 ask p50', 'bare frames', undefined, undefined, { less: true }),
  more(asks, 'bare frames'),
  more('D1 1024 in flight, fsync', 'bare LMDB'),
];

export const labelOf = ({ of, ours, against, theirs }) =>
  `${of}: ${ours} / ${theirs ? `${against}, ${theirs}` : against}`;
