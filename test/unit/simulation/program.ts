/** Random programs: what users and fate do to a system, step by step. */
import fc from 'fast-check';
import type { PlacementStrategy } from '../../../src/wire/control.ts';

/** Who does it: 0 is the master, the others a worker's main. */
type By = number;

export type Step =
  | { do: 'tell'; by: By; to: string; count: number }
  | { do: 'ask'; by: By; to: string; ms: number }
  | { do: 'slow' | 'boom'; by: By; to: string; count: number }
  | { do: 'relay'; from: string; to: string; count: number }
  | { do: 'question'; from: string; to: string; via?: string }
  | { do: 'subscribe' | 'unsubscribe' | 'announce'; from: string; topic: string }
  | { do: 'publish'; by: By; topic: string }
  | { do: 'watch' | 'unwatch'; from: string; to: string }
  | { do: 'after' | 'every'; from: string; ms: number }
  | { do: 'close' | 'open'; to: string }
  | { do: 'stop' | 'killActor'; by: By; to: string }
  | { do: 'spawn'; by: By; to: string; worker?: number }
  | { do: 'adopt'; from: string; key: string }
  | { do: 'move'; to: string; worker: number }
  | { do: 'addWorker' | 'reload' }
  | { do: 'removeWorker' | 'restartWorker'; worker: number }
  /** Receiver and sender move while the one sends to the other. */
  | { do: 'moveBoth'; from: string; to: string; count: number; workers: [receiver: number, sender: number]; ms: number }
  | { do: 'crash'; worker: number }
  /** It stands still for so long, or until it is killed for it. */
  | { do: 'freeze'; worker: number; ms: number }
  | { do: 'cut'; a: number; b: number }
  | { do: 'reset'; a: number; b: number }
  | { do: 'stall'; a: number; b: number; ms: number }
  | { do: 'jump'; ms: number }
  /** The sender's worker dies while what it sent is on its way, and its next incarnation sends at once. */
  | { do: 'crashSender'; from: string; to: string; count: number; ms: number }
  /** The handler of a message kills its process. */
  | { do: 'die'; by: By; to: string; isAsk: boolean }
  /** So many asks are answered with errors of so much text: refusals, or failures of the actor. */
  | { do: 'refuse'; by: By; to: string; count: number; kilobytes: number; isFailure: boolean }
  /** An ask that is given up after so long; its handler heeds that, and would take `workMs`. */
  | { do: 'giveUp'; by: By; to: string; ms: number; workMs: number }
  /** A reload with new code, in which jobs are placed so. */
  | { do: 'release'; jobs: PlacementStrategy }
  /** All whose ids match begin no turn; and do again, perhaps at a rate. */
  | { do: 'pause'; pattern: string }
  | { do: 'resume'; pattern: string; perSecond?: number }
  | { do: 'wait'; ms: number };

const PLAYERS = 8;
export const IDS: readonly string[] = Array.from({ length: PLAYERS }, (_, n) => `player/${n}`);
export const CHILD_IDS: readonly string[] = ['child/a', 'child/b', 'child/c'];
export const GUEST_IDS: readonly string[] = ['guest/a', 'guest/b'];
/** Their kind is placed otherwise from release to release. */
export const JOB_IDS: readonly string[] = ['job/a', 'job/b', 'job/c'];
export const TOPICS: readonly string[] = ['news', 'sport'];

export const PATTERNS: readonly string[] = [...IDS.slice(0, 4), 'player/*', '*/a', 'child/*', '*'];

/** Of an error's text: a dozen of these are more than a frame may have. */
const KILOBYTES_MAX = 250;

const topic = fc.constantFrom(...TOPICS);
const count = fc.integer({ min: 1, max: 12 });
const worker = fc.integer({ min: 1, max: 4 });
const by = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: worker });
const process = fc.integer({ min: 0, max: 4 });
const ms = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });

/** How often a kind of step is drawn; what is not named is not drawn. */
type Weights = Partial<Record<Step['do'], number>>;

export interface Mix {
  weights: Weights;
  /** The fewer they are, the more they have to do with each other. */
  players: number;
  /** Who is spawned is given a worker. */
  hasPlaces?: boolean;
  hasJobs?: boolean;
}

const TRAFFIC: Weights = {
  ...{ tell: 10, ask: 6, slow: 2, boom: 1, relay: 10, question: 4, publish: 2, announce: 4, subscribe: 3 },
  ...{ unsubscribe: 1, watch: 4, unwatch: 1, after: 2, every: 1, close: 2, open: 2, stop: 2, killActor: 1 },
  ...{ spawn: 2, adopt: 4, wait: 6 },
};

/** Crashes, hangs and broken links, while nothing moves but what these make move. */
export const FATE: Mix = {
  weights: { ...TRAFFIC, crash: 2, freeze: 2, cut: 1, reset: 1, stall: 1, jump: 1, crashSender: 3, addWorker: 1 },
  players: 6,
};

const CHANGES: Weights = {
  ...{ move: 10, moveBoth: 6, addWorker: 0.7, removeWorker: 0.6, restartWorker: 0.6, reload: 0.2 },
};

/** Actors move, workers come and go, and nothing dies: nothing may be lost. */
export const MOVES: Mix = { weights: { ...TRAFFIC, ...CHANGES, cut: 1, stall: 1, jump: 0.5 }, players: 4 };

/** Everything. */
export const ALL: Mix = { weights: { ...FATE.weights, ...CHANGES }, players: 4 };

/** Everything, and messages whose handler kills its process, errors with much text, and asks that are given up. */
export const DEADLY: Mix = { weights: { ...ALL.weights, die: 3, refuse: 4, giveUp: 5 }, players: 4 };

/** Everything, and actors that are paused and resumed. */
export const PAUSES: Mix = { weights: { ...ALL.weights, pause: 6, resume: 6, wait: 10 }, players: 4 };

/** Two actors that speak with each other and move at once, where rules of the hand-off meet. */
export const PAIRS: Mix = {
  weights: {
    relay: 6,
    moveBoth: 10,
    move: 4,
    tell: 3,
    ask: 2,
    wait: 2,
    cut: 0.5,
    stall: 0.5,
    addWorker: 0.2,
    restartWorker: 0.2,
  },
  players: 2,
};

/** The same, and their workers die. */
export const PAIRS_DIE: Mix = { weights: { ...PAIRS.weights, crash: 2, freeze: 0.5, reset: 0.5 }, players: 2 };

/** Everything, and actors that are spawned on a worker of their own, end, and come again elsewhere. */
export const PLACES: Mix = {
  weights: { ...ALL.weights, spawn: 14, stop: 8, killActor: 3, move: 6, moveBoth: 4 },
  players: 4,
  hasPlaces: true,
};

/** Everything, and reloads with code that places a kind otherwise. */
export const RELOADS: Mix = {
  weights: { ...ALL.weights, release: 1.5, move: 4, moveBoth: 3, tell: 14, ask: 10 },
  players: 4,
  hasJobs: true,
};

function arbitraries({ players, hasPlaces = false, hasJobs = false }: Mix): { [D in Step['do']]: fc.Arbitrary<Step> } {
  const player = fc.constantFrom(...IDS.slice(0, players));
  const anyId = fc.oneof(
    { weight: players, arbitrary: player },
    { weight: 3, arbitrary: fc.constantFrom(...CHILD_IDS, ...GUEST_IDS) },
  );
  const jobOrAny = fc.oneof({ weight: 1, arbitrary: fc.constantFrom(...JOB_IDS) }, { weight: 2, arbitrary: anyId });
  const receiver = hasJobs ? jobOrAny : anyId;
  return {
    tell: fc.record({ do: fc.constant('tell'), by, to: receiver, count }),
    ask: fc.record({ do: fc.constant('ask'), by, to: receiver, ms: ms(20, 400) }),
    slow: fc.record({ do: fc.constant('slow'), by, to: player, count }),
    boom: fc.record({ do: fc.constant('boom'), by, to: player, count }),
    relay: fc.record({ do: fc.constant('relay'), from: player, to: receiver, count }),
    question: fc.record(
      { do: fc.constant('question'), from: player, to: receiver, via: player },
      { requiredKeys: ['do', 'from', 'to'] },
    ),
    subscribe: fc.record({ do: fc.constant('subscribe'), from: player, topic }),
    unsubscribe: fc.record({ do: fc.constant('unsubscribe'), from: player, topic }),
    announce: fc.record({ do: fc.constant('announce'), from: player, topic }),
    publish: fc.record({ do: fc.constant('publish'), by, topic }),
    watch: fc.record({ do: fc.constant('watch'), from: player, to: anyId }),
    unwatch: fc.record({ do: fc.constant('unwatch'), from: player, to: anyId }),
    after: fc.record({ do: fc.constant('after'), from: player, ms: ms(0, 120) }),
    every: fc.record({ do: fc.constant('every'), from: player, ms: ms(40, 200) }),
    close: fc.record({ do: fc.constant('close'), to: player }),
    open: fc.record({ do: fc.constant('open'), to: player }),
    stop: fc.record({ do: fc.constant('stop'), by, to: anyId }),
    killActor: fc.record({ do: fc.constant('killActor'), by, to: anyId }),
    spawn: fc.record({ do: fc.constant('spawn'), by, to: player, ...(hasPlaces && { worker }) }),
    adopt: fc.record({ do: fc.constant('adopt'), from: player, key: fc.constantFrom('a', 'b', 'c') }),
    move: fc.record({ do: fc.constant('move'), to: receiver, worker }),
    moveBoth: fc.record({
      ...{ do: fc.constant('moveBoth'), from: player, to: receiver, count, ms: ms(0, 8) },
      workers: fc.tuple(worker, worker),
    }),
    addWorker: fc.constant({ do: 'addWorker' }),
    reload: fc.constant({ do: 'reload' }),
    removeWorker: fc.record({ do: fc.constant('removeWorker'), worker }),
    restartWorker: fc.record({ do: fc.constant('restartWorker'), worker }),
    crash: fc.record({ do: fc.constant('crash'), worker }),
    freeze: fc.record({ do: fc.constant('freeze'), worker, ms: ms(1, 500) }),
    cut: fc.record({ do: fc.constant('cut'), a: process, b: process }),
    reset: fc.record({ do: fc.constant('reset'), a: process, b: process }),
    stall: fc.record({ do: fc.constant('stall'), a: process, b: process, ms: ms(1, 200) }),
    jump: fc.record({ do: fc.constant('jump'), ms: ms(1, 2_000) }),
    crashSender: fc.record({ do: fc.constant('crashSender'), from: player, to: receiver, count, ms: ms(0, 30) }),
    die: fc.record({ do: fc.constant('die'), by, to: player, isAsk: fc.boolean() }),
    refuse: fc.record({
      ...{ do: fc.constant('refuse'), by, to: player, count, kilobytes: fc.integer({ min: 1, max: KILOBYTES_MAX }) },
      isFailure: fc.boolean(),
    }),
    giveUp: fc.record({ do: fc.constant('giveUp'), by, to: player, ms: ms(0, 40), workMs: ms(1, 60) }),
    release: fc.record({
      do: fc.constant('release'),
      jobs: fc.constantFrom<PlacementStrategy>('hash', 'least-loaded', 'local'),
    }),
    pause: fc.record({ do: fc.constant('pause'), pattern: fc.constantFrom(...PATTERNS) }),
    resume: fc.record(
      {
        ...{ do: fc.constant('resume'), pattern: fc.constantFrom(...PATTERNS) },
        perSecond: fc.integer({ min: 100, max: 5_000 }),
      },
      { requiredKeys: ['do', 'pattern'] },
    ),
    wait: fc.record({ do: fc.constant('wait'), ms: ms(0, 40) }),
  };
}

/** Weights of fast-check are whole numbers. */
const WEIGHT_UNIT = 10;

export function steps(
  mix: Mix,
  { minLength = 0, maxLength }: { minLength?: number; maxLength: number },
): fc.Arbitrary<Step[]> {
  const ofKind = arbitraries(mix);
  const step = fc.oneof(
    ...Object.entries(mix.weights).map(([what, weight]) => ({
      weight: Math.round(weight * WEIGHT_UNIT),
      arbitrary: ofKind[what as Step['do']],
    })),
  );
  return fc.array(step, { minLength, maxLength, size: 'max' });
}
