/** Searches of the worlds of many machines: every order of the steps within a budget, or orders drawn at random. */
import { type Step, Violation, type World } from './machine-engine.ts';
import { apply, checkRest, enabled, keyOf, take } from './machine-world.ts';

export interface Found {
  states: number;
  /** The steps that led to a broken promise, and what it is. */
  path?: Step[];
  violation?: string;
}

/** Breadth first, so that a counterexample is a shortest one. */
export function search(first: World, statesMax: number): Found {
  const seen = new Map<string, { before: string | undefined; step: Step | undefined }>();
  let open = [keyOf(first)];
  seen.set(open[0] as string, { before: undefined, step: undefined });
  while (open.length > 0) {
    const next: string[] = [];
    for (const key of open) {
      const world = JSON.parse(key) as World;
      for (const step of enabled(world)) {
        let text: string;
        try {
          text = keyOf(take(world, step));
        } catch (error) {
          if (!(error instanceof Violation)) throw error;
          return { states: seen.size, path: [...pathTo(seen, key), step], violation: error.message };
        }
        if (seen.has(text)) continue;
        if (seen.size >= statesMax) throw new Error(`a search has at most ${statesMax} states; got more`);
        seen.set(text, { before: key, step });
        next.push(text);
      }
    }
    open = next;
  }
  return { states: seen.size };
}

function pathTo(
  seen: ReadonlyMap<string, { before: string | undefined; step: Step | undefined }>,
  key: string,
): Step[] {
  const path: Step[] = [];
  for (let at = seen.get(key); at?.step; at = seen.get(at.before as string)) path.unshift(at.step);
  return path;
}

/** Walks of at most so many steps, drawn with `random`; each ends with a time of rest. */
export function walk(first: () => World, random: () => number, walks: number, stepsMax: number): Found {
  let states = 0;
  for (let n = 0; n < walks; n++) {
    const world = first();
    const path: Step[] = [];
    try {
      for (let at = 0; at < stepsMax; at++) {
        const step = drawn(enabled(world), random);
        if (!step) break;
        path.push(step);
        states++;
        apply(world, step);
      }
      checkRest(world);
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      return { states, path, violation: error.message };
    }
  }
  return { states };
}

/** First the kind of a step, then one of the kind: rounds of machines are many, and time is one. */
function drawn(steps: Step[], random: () => number): Step | undefined {
  const kinds = [...new Set(steps.map(({ step }) => step))];
  const kind = kinds[Math.floor(random() * kinds.length)];
  const same = steps.filter(({ step }) => step === kind);
  return same[Math.floor(random() * same.length)];
}

/** Steps in words, as a script of a mutant has them: `run A`, `slowly A look`, `late write-table`, `turn A 1`. */
export function follow(world: World, script: string, isToTheEnd = true): string | undefined {
  try {
    for (const words of script.split(', ')) for (const step of stepsOf(world, words)) apply(world, step);
    if (isToTheEnd) checkRest(world);
  } catch (error) {
    if (error instanceof Violation) return error.message;
    throw error;
  }
  return undefined;
}

function* stepsOf(world: World, words: string): Generator<Step> {
  if (words.startsWith('cut ')) {
    const isOf = ({ by, stage }: World['requests'][number]): boolean => by === words.slice(4) && stage !== 'late';
    for (let at = world.requests.findIndex(isOf); at >= 0; at = world.requests.findIndex(isOf)) {
      yield { step: 'unknown, then slowly', request: at };
    }
    world.requests = world.requests.filter(({ by }) => by !== words.slice(4));
    return;
  }
  const step = stepOf(world, words.split(' '));
  if (step) yield step;
}

const ANSWERS = { slowly: 'answer, then slowly', late: 'make', lose: 'drop' } as const;

/** Undefined: the request is not there, because a rule holds that a mutant takes away. */
function stepOf(world: World, [verb, ...words]: string[]): Step | undefined {
  if (verb === 'time' || verb === 'restore') return { step: verb };
  const [machine, what] = words as [string, string];
  if (verb === 'slowly' && machine === 'leave') return { step: 'leave, then slowly', machine: what };
  if (verb === 'run' && (world.dead.includes(machine) || !world.agents[machine] || machine in world.ended))
    return undefined;
  if (
    verb === 'run' ||
    verb === 'begin' ||
    verb === 'crash' ||
    verb === 'leave' ||
    verb === 'join' ||
    verb === 'arrive'
  )
    return { step: verb, machine };
  if (verb === 'turn') {
    const turn = enabled({ ...world, budget: { ...world.budget, turns: 1 } }).find(
      (step) => step.step === 'turn' && step.machine === machine && step.partition === Number(what),
    );
    return turn;
  }
  if (verb === 'want') return { step: 'want', machine, partition: Number(what), to: words[2] as string };
  const name = words.at(-1);
  const owner = words.at(-2);
  const request = world.requests.findIndex(
    ({ what: { do: asked }, stage, by }) =>
      asked === name && (verb === 'late' || verb === 'lose' ? stage === 'late' : by === owner && stage !== 'late'),
  );
  if (request < 0) return undefined;
  if (words[0] === 'slowly') return { step: 'unknown, then slowly', request };
  const step = ANSWERS[verb as keyof typeof ANSWERS] ?? verb;
  return { step: step as 'answer', request };
}
