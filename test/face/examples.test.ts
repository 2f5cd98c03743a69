/** The examples of the doc comments, compiled: what they call is there, and takes and gives what they say. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { readDeclarations, ts } from './face-rules.ts';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
/** It is not written. */
const FILE = fileURLToPath(new URL('./every-example.ts', import.meta.url));
const ENTRIES = ['index', 'client/index', 'rabbitmq/index', 'xstate/index', 'testkit/index'];
/** In `troupe` they are deprecated. */
const ACTIONS = ['publish', 'reply', 'tell'];
/** What stands around an example: the actors, the system and the test that it is about. */
const AROUND = `
  import { createMachine } from 'xstate';
  declare const system: System;
  declare const client: Client;
  declare const gateway: RabbitGateway;
  declare const consumption: Consumption;
  declare const ctx: Context<any>;
  declare const message: { amount: number };
  declare const many: AnyMessage[];
  declare const rows: string[];
  declare const seen: unknown[];
  declare const error: unknown;
  declare const isDone: boolean;
  declare const letter: StoredDeadLetter;
  declare const timer: Timer;
  declare const clock: VirtualClock;
  declare const probe: TestSystem['probe'];
  declare const advance: TestSystem['advance'];
  declare const settle: TestSystem['settle'];
  declare const shutdown: TestSystem['shutdown'];
  declare const mailer: Probe;
  declare const lot: Probe;
  declare const simulation: Simulation;
  declare const alarm: ActorDefinition;
  declare const reminder: ActorDefinition;
  declare const nextCounter: ActorDefinition;
  const counter = defineActor({
    state: () => ({ count: 0 }),
    receive: { add(ctx, message: { by: number }) { ctx.state.count += message.by; }, get: (ctx) => ctx.state.count },
  });
  const account = defineActor({ state: () => ({ money: 0 }), receive: { balance: (ctx) => ctx.state.money } });
  type Options = CommonActorOptions<any> & { state(key: string, args?: any): unknown } & Pick<SimulationOptions, 'main'>;
`;
/** One that is a part of the options of an actor, or of a simulation. */
const OPTION = /^\w+: /;

interface Example {
  readonly name: string;
  readonly code: string;
}

function readExamples(): { examples: Example[]; imports: string } {
  const examples: Example[] = [];
  const imports: string[] = [];
  for (const entry of ENTRIES) {
    const { members, exported } = readDeclarations(readFileSync(`${DIST}${entry}.d.ts`, 'utf8'));
    const names = [...new Set(exported)].filter((name) => entry === 'xstate/index' || !ACTIONS.includes(name));
    imports.push(`import { ${names.join(', ')} } from '${DIST}${entry}.js';`);
    for (const { name, doc } of members)
      for (const [, code] of doc.matchAll(/@example\n```ts\n([\s\S]+?)\n```/g))
        examples.push({ name, code: code as string });
  }
  return { examples, imports: imports.join('\n') };
}

/** A function for each of them in one file: the compiler reads what is around them once. */
function sourceOf(examples: Example[], imports: string): { text: string; ends: number[] } {
  let text = `${imports}${AROUND}`;
  const ends = examples.map(({ code }, at) => {
    const body = OPTION.test(code) ? `const options: Partial<Options> = { ${code} };` : code;
    text += `export async function example${at}() {\n${body.replace('export default ', '')}\n}\n`;
    return text.length;
  });
  return { text, ends };
}

/** What the compiler says of each, as `<member>: <text>`. */
function compile(examples: Example[], imports: string): string[] {
  const { text, ends } = sourceOf(examples, imports);
  const options = {
    ...{ target: ts.ScriptTarget.ES2022, lib: ['lib.es2023.d.ts'], types: ['node'], strict: true },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true },
    ...{ noEmit: true, noImplicitAny: false },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path: string) => path === FILE || fileExists(path);
  host.getSourceFile = (path: string, ...more: unknown[]) =>
    path === FILE ? ts.createSourceFile(path, text, ...more) : getSourceFile(path, ...more);
  const program = ts.createProgram([FILE], options, host);
  const file = program.getSourceFile(FILE);
  const said = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return said.map(({ start, messageText }: { start: number; messageText: unknown }) => {
    const at = ends.findIndex((end) => start < end);
    return `${examples[at]?.name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

const { examples, imports } = readExamples();

it('every example of a doc comment compiles', () => {
  expect(examples.length).toBeGreaterThan(100);
  expect(compile(examples, imports)).toEqual([]);
});

it('one that calls what is not there, or takes a reply for what it is not, does not', () => {
  const wrong = [
    { name: 'a', code: "system.tel('counter/a', { type: 'get' });" },
    { name: 'b', code: "const text: string = await system.ref(counter, 'a').ask({ type: 'get' });" },
    { name: 'c', code: 'onStart: (ctx) => ctx.subscripe("deposits"),' },
  ];
  expect(compile(wrong, imports).map((fault) => fault.slice(0, 2))).toEqual(['a:', 'b:', 'c:']);
});
