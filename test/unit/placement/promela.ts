/**
 * Reads as much of Promela as docs/model/handoff.pml is written in, and makes its steps functions: so that the model itself, not a
 * copy of it, can be gone through beside the machines that it is a model of. SPIN stays the judge of the model (`npm run model`).
 *
 * What it can: `byte`, `bool`, `chan`, `mtype`, macros, inlines, `if`, `do`, `atomic`, send, receive, poll, `assert`. A process is an
 * endless `do` of atomic steps, whose locals mean nothing between two of them; `init` is one atomic step, and what follows when
 * nothing else can happen (`timeout`).
 */

import { argumentsOf, type Macro, OPERATORS, preprocess, substituted, TRUTHS } from './promela-text.ts';

export type Message = readonly (number | string)[];
type Scalar = number | string;
/** All that the model remembers, by name: a number, numbers, or channels. */
export type Memory = Record<string, Scalar | Scalar[] | Message[][]>;
type Locals = Record<string, Scalar>;
/** Of several options that are open: the place of one in the list. */
type Choose = (options: readonly number[]) => number;
type Act = (memory: Memory, locals: Locals, choose: Choose) => void;

export interface Option {
  isEnabled(memory: Memory, locals: Locals): boolean;
  act: Act;
}

export interface Promela {
  readonly initial: Memory;
  /** By the name of the process; each takes one step. */
  readonly processes: Record<string, { parameter: string | undefined; options: Option[] }>;
  readonly init: Act;
  /** What happens when nothing else can, in order. */
  readonly timeouts: Act[];
}

/** An assertion of the model that does not hold. */
export class Violation extends Error {}

/** What is left of a step that can not go on in its middle. */
function blocked(): never {
  throw new Error('an atomic step of the model goes on to its end; got one that waits in its middle');
}

function violated(text: string): never {
  throw new Violation(text);
}

/** `settings`: as `M0=1 CR=1`. */
export function readPromela(text: string, settings: string): Promela {
  return new Reader(preprocess(text, settings)).read();
}

/** `guard`: the condition under which it can begin; its text is JavaScript, as that of `code`. */
interface Statement {
  guard: string;
  code: string;
  isElse?: boolean;
}

const ALWAYS = '1';
class Reader {
  #rest: string[];
  readonly #inlines = new Map<string, Macro>();
  readonly #names = new Set<string>();
  readonly #initial: Memory = {};
  #locals = new Set<string>();
  #loops = 0;

  constructor(tokens: string[]) {
    this.#rest = [...tokens].reverse();
  }

  read(): Promela {
    const processes: Promela['processes'] = {};
    let init: Statement[] = [];
    while (this.#rest.length > 0) {
      const token = this.#take();
      if (token === 'mtype') this.#readNames();
      else if (token === 'inline') this.#readInline();
      else if (token === 'proctype') Object.assign(processes, this.#readProcess());
      else if (token === 'init') init = this.#braces();
      else if (token === 'chan') this.#readChannels();
      else if (token === 'byte' || token === 'bool') this.#readVariables();
      else if (token !== ';') throw new Error(`a declaration of the model begins here; got ${token}`);
    }
    const [first, ...later] = init as [Statement, ...Statement[]];
    const timeouts: Statement[][] = [];
    for (const statement of later) {
      if (statement.guard === 'timeout') timeouts.push([]);
      else timeouts.at(-1)?.push(statement);
    }
    return {
      initial: this.#initial,
      processes,
      init: actOf([first]),
      timeouts: timeouts.map(actOf),
    };
  }

  #take(expected?: string): string {
    const token = this.#rest.pop();
    if (token === undefined || (expected !== undefined && token !== expected))
      throw new Error(
        `the model goes on with ${expected}; got ${token} before ${this.#rest.slice(-8).reverse().join(' ')}`,
      );
    return token;
  }

  #peek(): string | undefined {
    return this.#rest.at(-1);
  }

  #takeIf(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#rest.pop();
    return true;
  }

  #readNames(): void {
    this.#take('=');
    this.#take('{');
    for (let token = this.#take(); token !== '}'; token = this.#take()) if (token !== ',') this.#names.add(token);
  }

  #readInline(): void {
    const name = this.#take();
    const parameters = argumentsOf(this.#rest).map(([parameter]) => parameter as string);
    this.#take('{');
    const body: string[] = [];
    for (let depth = 1; ; body.push(this.#take())) {
      if (this.#peek() === '{') depth++;
      if (this.#peek() === '}' && --depth === 0) break;
    }
    this.#take('}');
    this.#inlines.set(name, { parameters, body });
  }

  /** `chan link[9] = [9] of { … };` How much a channel holds is not looked at. */
  #readChannels(): void {
    const name = this.#take();
    this.#take('[');
    this.#initial[name] = Array.from({ length: Number(this.#take()) }, () => []);
    while (this.#take() !== '}');
  }

  #readVariables(): void {
    do {
      const name = this.#take();
      // Sizes are sums of settings.
      const size = this.#takeIf('[') ? Function(`return ${this.#until(']')}`)() : undefined;
      const first = this.#takeIf('=') ? Number(this.#take()) : 0;
      this.#initial[name] = size === undefined ? first : Array<number>(size).fill(first);
    } while (this.#takeIf(','));
  }

  #until(end: string): string {
    const text: string[] = [];
    for (let token = this.#take(); token !== end; token = this.#take()) text.push(token);
    return text.join(' ');
  }

  #readProcess(): Promela['processes'] {
    const name = this.#take();
    const [declaration] = argumentsOf(this.#rest);
    const parameter = declaration?.[1];
    this.#locals = new Set(parameter === undefined ? [] : [parameter]);
    this.#take('{');
    while (this.#peek() !== 'end') {
      const token = this.#take();
      if (/^[a-z]\w*$/.test(token) && !['byte', 'bool', 'mtype'].includes(token)) this.#locals.add(token);
    }
    for (const token of ['end', ':', 'do']) this.#take(token);
    const options = this.#options('od').map((option) => ({
      isEnabled: Function('s', 'l', 'blocked', `return Boolean(${option.guard})`) as Option['isEnabled'],
      act: actOf([option]),
    }));
    this.#take('}');
    this.#locals = new Set();
    return { [name]: { parameter, options } };
  }

  #options(end: string): Statement[] {
    const options: Statement[] = [];
    while (!this.#takeIf(end)) {
      this.#take('::');
      options.push(joined(this.#sequence()));
    }
    return options;
  }

  #braces(): Statement[] {
    this.#take('{');
    const statements = this.#sequence();
    this.#take('}');
    return statements;
  }

  #sequence(): Statement[] {
    const statements: Statement[] = [];
    while (!['::', 'fi', 'od', '}', undefined].includes(this.#peek())) {
      if (this.#takeIf(';') || this.#takeIf('->')) continue;
      statements.push(this.#statement());
    }
    return statements;
  }

  #statement(): Statement {
    const token = this.#peek() as string;
    const inline = this.#inlines.get(token);
    if (inline) {
      this.#take();
      const args = argumentsOf(this.#rest);
      // The brace keeps the sequence from what stands behind it.
      this.#rest.push('}', ...substituted(inline.body, inline.parameters as string[], args).reverse(), '{');
      return joined(this.#braces());
    }
    switch (token) {
      case 'atomic':
        this.#take();
        return joined(this.#braces());
      case 'if':
        this.#take();
        return choiceOf(this.#options('fi'));
      case 'do': {
        this.#take();
        const loop = `loop${this.#loops++}`;
        const { guard, code } = choiceOf(this.#options('od'));
        return { guard, code: `${loop}: for (;;) { ${code.replaceAll('BREAK;', `break ${loop};`)} }` };
      }
      case 'break':
        this.#take();
        return { guard: ALWAYS, code: 'BREAK;' };
      case 'else':
        this.#take();
        return { guard: ALWAYS, code: '', isElse: true };
      case 'skip':
        this.#take();
        return { guard: ALWAYS, code: '' };
      case 'run':
        this.#take();
        this.#take();
        argumentsOf(this.#rest);
        return { guard: ALWAYS, code: '' };
      case 'timeout':
        this.#take();
        return { guard: 'timeout', code: '' };
      case 'assert': {
        this.#take();
        const text = [...this.#rest].reverse().slice(0, 24).join('');
        return { guard: ALWAYS, code: `if (!(${this.#primary()})) violated(${JSON.stringify(text)});` };
      }
      default:
        return this.#simple();
    }
  }

  /** An assignment, a send, a receive, or a condition. */
  #simple(): Statement {
    const before = [...this.#rest];
    if (this.#isPlace(this.#peek() as string)) {
      const place = this.#place();
      if (this.#takeIf('=')) return { guard: ALWAYS, code: `${place} = ${this.#expression()};` };
      if (this.#takeIf('++')) return { guard: ALWAYS, code: `${place}++;` };
      if (this.#takeIf('--')) return { guard: ALWAYS, code: `${place}--;` };
      if (this.#takeIf('!')) return { guard: ALWAYS, code: `${place}.push([${this.#sent().join(', ')}]);` };
      if (this.#peek() === '?' && this.#rest.at(-2) !== '[') {
        this.#take();
        const into = this.#list(() => this.#place());
        return { guard: `${place}.length`, code: `[${into.join(', ')}] = ${place}.shift();` };
      }
    }
    this.#rest = before;
    const guard = this.#expression();
    return { guard, code: `if (!(${guard})) blocked();` };
  }

  /** `kind(a, b)`, or `kind, a, b`. */
  #sent(): string[] {
    const kind = this.#place();
    if (this.#takeIf('(')) {
      const parts = this.#list(() => this.#expression());
      this.#take(')');
      return [kind, ...parts];
    }
    return this.#takeIf(',') ? [kind, ...this.#list(() => this.#expression())] : [kind];
  }

  #list(one: () => string): string[] {
    const list = [one()];
    while (this.#takeIf(',')) list.push(one());
    return list;
  }

  #isPlace(name: string): boolean {
    return this.#locals.has(name) || name in this.#initial;
  }

  #place(): string {
    const name = this.#take();
    if (this.#names.has(name)) return JSON.stringify(name);
    if (this.#locals.has(name)) return `l.${name}`;
    if (!(name in this.#initial)) throw new Error(`a name of the model is declared; got ${name}`);
    if (!this.#takeIf('[')) return `s.${name}`;
    const index = this.#expression();
    this.#take(']');
    return `s.${name}[${index}]`;
  }

  #expression(level = 0): string {
    const operators = OPERATORS[level];
    if (!operators) return this.#unary();
    let left = this.#expression(level + 1);
    while (operators.includes(this.#peek() as string)) {
      const operator = this.#take();
      const right = this.#expression(level + 1);
      if (TRUTHS.has(operator)) left = `(${left} ${operator} ${right} ? 1 : 0)`;
      else left = operator === '/' ? `Math.trunc(${left} / ${right})` : `(${left} ${operator} ${right})`;
    }
    return left;
  }

  #unary(): string {
    if (this.#takeIf('!')) return `(${this.#unary()} ? 0 : 1)`;
    if (this.#takeIf('~')) return `(~${this.#unary()})`;
    if (this.#takeIf('-')) return `(-${this.#unary()})`;
    return this.#primary();
  }

  #primary(): string {
    const token = this.#peek() as string;
    if (/^\d/.test(token)) return this.#take();
    if (token === 'true' || token === 'false') return this.#take() === 'true' ? '1' : '0';
    if (token === 'len' || token === 'nempty' || token === 'empty' || token === 'nfull') {
      this.#take();
      this.#take('(');
      const channel = this.#place();
      this.#take(')');
      const filled = { len: '.length', nempty: '.length > 0', empty: '.length === 0', nfull: '.length < 99' }[token];
      return `(${channel}${filled})`;
    }
    if (this.#takeIf('(')) {
      const first = this.#expression();
      // The ternary of Promela: (condition -> this : that).
      if (!this.#takeIf('->')) return this.#take(')') && `(${first})`;
      const yes = this.#expression();
      this.#take(':');
      const no = this.#expression();
      this.#take(')');
      return `(${first} ? ${yes} : ${no})`;
    }
    const place = this.#place();
    return this.#peek() === '?' ? this.#poll(place) : place;
  }

  /** `channel?[KIND, any, eval(this)]` */
  #poll(channel: string): string {
    this.#take('?');
    this.#take('[');
    const parts = this.#list(() => {
      if (!this.#takeIf('eval')) return this.#place();
      return `eval ${this.#primary()}`;
    });
    this.#take(']');
    const wanted = parts.flatMap((part, at) => {
      if (part.startsWith('eval ')) return [`${channel}[0][${at}] === ${part.slice('eval '.length)}`];
      return part.startsWith('"') ? [`${channel}[0][${at}] === ${part}`] : [];
    });
    return `(${[`${channel}.length > 0`, ...wanted].join(' && ')} ? 1 : 0)`;
  }
}

function choiceOf(options: readonly Statement[]): Statement {
  const open = options.map(({ guard, isElse }, at) => (isElse ? '' : `if (${guard}) o.push(${at});`)).join(' ');
  const other = options.findIndex(({ isElse }) => isElse);
  const rest = other < 0 ? 'blocked()' : `o.push(${other})`;
  const cases = options.map(({ code }, at) => `if (n === ${at}) { ${code} }`).join(' else ');
  const code = `{ const o = []; ${open} if (o.length === 0) ${rest}; const n = choose(o); ${cases} }`;
  return { guard: other < 0 ? options.map(({ guard }) => `(${guard})`).join(' || ') : ALWAYS, code };
}

function joined(statements: readonly Statement[]): Statement {
  const [first] = statements;
  return {
    guard: first?.guard ?? ALWAYS,
    code: statements.map(({ code }) => code).join(' '),
    ...(first?.isElse && { isElse: true }),
  };
}

function actOf(statements: readonly Statement[]): Act {
  const make = Function('blocked', 'violated', `return (s, l, choose) => { ${joined(statements).code} }`);
  return make(blocked, violated) as Act;
}
