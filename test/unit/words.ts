/**
 * The words of the house, checked on its sources: the glossary (docs/GLOSSARY.md) has them, and a word that it has
 * replaced does not come back in a name. Texts are not names, and are left alone; comments have sentences with nouns as subjects.
 */
import type { Sources } from './architecture-rules.ts';

interface Retired {
  /** In kebab-case; parts of a name are compared, so `home` is found in `newHomeOf`. */
  readonly word: string;
  readonly say: string;
  /** Where the word means what was renamed; everywhere, where absent. */
  readonly rooms?: readonly string[];
  /** Where it means something else, and is right. */
  readonly but?: readonly string[];
  /** It means nothing else in plain English either: comments are looked at, too. */
  readonly inComments?: true;
}

export const RETIRED: readonly Retired[] = [
  { word: 'luggage', say: 'transfer', inComments: true },
  { word: 'take-in', say: 'install' },
  { word: 'let-go', say: 'evict' },
  { word: 'belongings', say: 'transferable' },
  { word: 'stand-still', say: 'quiesce', inComments: true },
  // A message is frozen, and so is a process of a simulation (SIGSTOP).
  { word: 'freeze', say: 'quiesce', but: ['plain-data', 'simulation', 'doubles'] },
  { word: 'freezing', say: 'quiescing' },
  { word: 'frozen', say: 'quiescent', but: ['plain-data', 'simulation', 'doubles'] },
  { word: 'thaw', say: 'resume', but: ['simulation', 'doubles'] },
  { word: 'still-desk', say: 'migration buffer', inComments: true },
  { word: 'stands-still', say: 'is quiescent', inComments: true },
  { word: 'desk', say: 'migration buffer', inComments: true },
  { word: 'keeps-for', say: 'captureInbound' },
  { word: 'leaving', say: 'outgoing', rooms: ['handoff'] },
  { word: 'arriving', say: 'incoming', rooms: ['handoff', 'process'] },
  { word: 'family', say: 'subtree', inComments: true },
  { word: 'patience', say: 'quiesce timeout', inComments: true },
  { word: 'still-busy', say: 'ActorBusy' },
  { word: 'settle', say: 'commit', rooms: ['handoff', 'master', 'placement'] },
  { word: 'settles', say: 'endedMoves', rooms: ['handoff', 'master', 'placement', 'process', 'wire'] },
  { word: 'settling', say: 'committing', rooms: ['handoff', 'master', 'placement'] },
  { word: 'stays', say: 'abortedMoves', rooms: ['handoff', 'master', 'placement', 'process', 'wire'] },
  { word: 'unhold', say: 'abort', inComments: true },
  // The folder of a program is no host.
  { word: 'home', say: 'host', but: ['data-dir'], inComments: true },
  { word: 'homes', say: 'hosts', inComments: true },
  { word: 'homeless', say: 'unhosted', inComments: true },
  { word: 'place-of-its-own', say: 'pin' },
  { word: 'lives-at', say: 'runsAt' },
  { word: 'lives-on', say: 'runsOn' },
  { word: 'bury', say: 'declareDead', inComments: true },
  { word: 'buried', say: 'declaredDead', inComments: true },
  { word: 'forerunner', say: 'previous incarnation', inComments: true },
  { word: 'door', say: 'port', inComments: true },
  { word: 'post', say: 'router' },
  { word: 'way', say: 'route' },
  { word: 'ways', say: 'routes' },
  { word: 'wayless', say: 'unroutable', inComments: true },
  // A logger of pino's writes to one.
  { word: 'destination', say: 'route', but: ['observe'] },
  { word: 'destinations', say: 'route cache' },
  { word: 'prompt', say: 'priority' },
  { word: 'under-way', say: 'in flight', inComments: true },
  { word: 'accepted', say: 'flushed', rooms: ['peer', 'frames', 'wire', 'simulation', 'doubles'] },
  { word: 'kept-back', say: 'gated', inComments: true },
  { word: 'keep-back', say: 'deferUntilCommit', inComments: true },
  { word: 'doubtful', say: 'in doubt', inComments: true },
  { word: 'hand-on-doubt', say: 'hand over' },
  { word: 'resolve-doubt', say: 'resolveInDoubt' },
  { word: 'void-turn', say: 'discard' },
  { word: 'dispatch', say: 'outbox' },
  { word: 'reception', say: 'inbox' },
  { word: 'stamp', say: 'delivery id' },
  { word: 'wakes', say: 'wake-up scan', rooms: ['durability', 'resending'] },
  { word: 'asleep', say: 'passivated' },
  { word: 'sleeper', say: 'passivated actor' },
  { word: 'sleepers', say: 'passivated actors' },
  { word: 'start-again', say: 'respawn' },
  { word: 'starts-again', say: 'respawn' },
  { word: 'winding-down', say: 'graceful shutdown' },
  { word: 'whereabouts', say: 'ActorLocation', but: ['index', 'system'] },
  { word: 'ask-ring', say: 'ask cycle' },
  { word: 'lost-answers', say: 'orphaned asks' },
  { word: 'lost-watches', say: 'restored watches' },
  { word: 'told', say: 'learned', rooms: ['routing', 'peer', 'frames', 'process', 'pubsub'] },
  { word: 'greet', say: 'announce' },
  { word: 'apart', say: 'excluded', rooms: ['routing', 'peer', 'frames', 'process', 'pubsub', 'master'] },
  { word: 'faults-of', say: 'validate…' },
  { word: 'show', say: 'inspect' },
];

/** Names that come from outside: or of messages, which are frozen. */
const FOREIGN = new Set(['Object.freeze', 'deepFreeze', 'postMessage', 'session.post']);

/** Every retired word in a name, as `<path>: <name> (say <word>)`. */
export function retiredWordsIn(sources: Sources): string[] {
  const found = new Set<string>();
  for (const [path, source] of Object.entries(sources)) {
    const room = roomOf(path);
    const rules = RETIRED.filter(({ rooms, but }) => (rooms?.includes(room) ?? true) && !but?.includes(room));
    for (const name of [path.replace(/\.ts$/, '').split('/').at(-1) as string, ...namesIn(source)]) {
      const parts = `-${kebab(name)}-`;
      for (const { word, say } of rules) if (parts.includes(`-${word}-`)) found.add(`${path}: ${name} (say ${say})`);
    }
  }
  return [...found];
}

/** Every retired word in a comment, as `<path>: <word> (say <word>)`. */
export function retiredWordsInComments(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, source]) => {
    const room = roomOf(path);
    const text = commentsIn(source).join('\n').replaceAll(/\s+/g, ' ');
    return RETIRED.filter(
      ({ word, rooms, but, inComments }) =>
        inComments &&
        (rooms?.includes(room) ?? true) &&
        !but?.includes(room) &&
        new RegExp(`\\b${word.replaceAll('-', ' ')}\\b`, 'i').test(text),
    ).map(({ word, say }) => `${path}: ${word} (say ${say})`);
  });
}

function roomOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.indexOf('/')) : path.replace(/\.ts$/, '');
}

/** The beginning of a comment, a paragraph, a point of a list or a sentence, with a clause as its subject ("What …", "Who …"). */
const CLAUSE =
  /(?:^|[.!?:;)]\s+|\n\s*\n|\n\s*[-*\d]+[.)]?\s+)\s*((?:Who|Whoever|Whom|Whomever|Whose|What|Whatever|Nobody)\b[^.\n]{0,40})/g;

/** Every sentence of a comment whose subject is no noun but a clause, as `<path>: <its beginning>`. */
export function clausesAsSubjects(sources: Sources): string[] {
  return Object.entries(sources).flatMap(([path, source]) =>
    commentsIn(source).flatMap((text) => [...text.matchAll(CLAUSE)].map(([, words]) => `${path}: ${words?.trim()}`)),
  );
}

/** The texts of all comments, without their marks; lines with `//` below one another are one text. */
export function commentsIn(source: string): string[] {
  const parts = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/\*[\s\S]*?\*\/|\/\/.*(?:\n[ \t]*\/\/.*)*/g;
  return [...source.matchAll(parts)]
    .filter(([text]) => text.startsWith('/'))
    .map(([text]) => text.replace(/^\/\*+|\*+\/$/g, '').replaceAll(/^[ \t]*(?:\*|\/\/)[ \t]?/gm, ''))
    .map((text) => text.trim());
}

/** Identifiers of the code, and words that are quoted alone, which are names too (`'hold'`). */
function namesIn(source: string): Set<string> {
  const names = new Set<string>();
  const parts =
    /\/\/.*|\/\*[\s\S]*?\*\/|'((?:\\.|[^'\\\n])*)'|`((?:\\.|[^`\\])*)`|#?(session\.post\b|[A-Za-z_$][\w$]*(?:\.freeze\b)?)/g;
  for (const [, quoted, template, name] of source.matchAll(parts)) {
    if (name !== undefined && !FOREIGN.has(name)) names.add(name);
    if (quoted !== undefined && /^[a-z][a-z-]*$/.test(quoted)) names.add(quoted);
    for (const [, code] of template?.matchAll(/\$\{([^}]*)\}/g) ?? [])
      for (const one of namesIn(code as string)) names.add(one);
  }
  return names;
}

function kebab(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll(/[_.]/g, '-')
    .toLowerCase();
}
