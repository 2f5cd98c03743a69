/** The files of a new project: one actor, its test, and what runs both. Pure. */

export interface ProjectPlan {
  /** Of the package. */
  readonly name: string;
  /** JavaScript in place of TypeScript. */
  readonly isJs: boolean;
  /** The version of troupe, or where it is. */
  readonly troupe: string;
}

/** Path → text. */
export function projectFiles(plan: ProjectPlan): Record<string, string> {
  const ending = plan.isJs ? 'mjs' : 'ts';
  return {
    'package.json': `${JSON.stringify(packageOf(plan), null, 2)}\n`,
    '.gitignore': 'node_modules\n.troupe\n',
    'README.md': readmeOf(plan),
    [`actors/counter.${ending}`]: actorOf(plan.isJs),
    [`test/counter.test.${ending}`]: testOf(ending),
    ...(!plan.isJs && { 'tsconfig.json': `${JSON.stringify(TSCONFIG, null, 2)}\n` }),
  };
}

function packageOf({ name, isJs, troupe }: ProjectPlan): object {
  const common = { name, private: true, type: 'module', engines: { node: '>=20.19' } };
  if (isJs)
    return {
      ...common,
      scripts: { start: 'troupe start', test: 'node --test test/*.test.mjs' },
      dependencies: { troupe },
    };
  return {
    ...common,
    scripts: { start: 'troupe start', test: 'node --import tsx --test test/*.test.ts', check: 'tsc --noEmit' },
    dependencies: { troupe, tsx: '^4.0.0' },
    devDependencies: { '@types/node': '^20.19.0', typescript: '^5.9.0' },
  };
}

const TSCONFIG = {
  compilerOptions: {
    ...{ target: 'es2023', module: 'nodenext', types: ['node'], strict: true, noEmit: true },
    ...{ allowImportingTsExtensions: true, erasableSyntaxOnly: true, skipLibCheck: true },
  },
  include: ['actors', 'test'],
};

function actorOf(isJs: boolean): string {
  const type = isJs ? '' : ': { by?: number }';
  return `// One actor for each id: counter/alice, counter/bob. Its kind is the name of this file.
import { defineActor } from 'troupe';

export default defineActor({
  // Its state is on disk, in .troupe: it outlives crashes and restarts. Without this line it is in memory alone.
  durable: true,
  state: () => ({ count: 0 }),
  receive: {
    // What a handler returns is the reply of an ask.
    add(ctx, { by = 1 }${type}) {
      ctx.state.count += by;
      return ctx.state.count;
    },
    get: (ctx) => ctx.state.count,
  },
});
`;
}

function testOf(ending: string): string {
  const actor = `'../actors/counter.${ending}'`;
  return `// A whole system in this process, on a clock that the test moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestSystem } from 'troupe/testkit';
import counter from ${actor};

test('a counter counts, each by itself', async (t) => {
  const { system, shutdown } = createTestSystem({ actors: { counter } });
  t.after(shutdown);
  assert.equal(await system.ask('counter/alice', { type: 'add', by: 2 }), 2);
  system.tell('counter/alice', { type: 'add', by: 3 });
  assert.equal(await system.ask('counter/alice', { type: 'get' }), 5);
  assert.equal(await system.ask('counter/bob', { type: 'get' }), 0);
});
`;
}

function readmeOf({ name }: ProjectPlan): string {
  return `# ${name}

\`\`\`
npm install
npm test        # the actors of this project, on a clock that the test moves
npm start       # a worker for each core; Ctrl-C ends it
\`\`\`

While it runs, in another terminal:

\`\`\`
npx troupe ask counter/alice add '{"by":2}'
npx troupe show counter/alice
npx troupe status
\`\`\`

Each file in \`actors/\` is a kind of actor. The data of durable ones are in \`.troupe\`.
`;
}
