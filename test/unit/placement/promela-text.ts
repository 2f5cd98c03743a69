/** The words of a Promela text, behind its preprocessor: macros are replaced, settings chosen. */

const TOKEN = /[A-Za-z_]\w*|\d+|::|->|==|!=|<=|>=|&&|\|\||<<|>>|\+\+|--|[^\s]/g;

export interface Macro {
  parameters: string[] | undefined;
  body: string[];
}

/** `settings`: as `M0=1 CR=1`. */
export function preprocess(text: string, settings: string): string[] {
  const macros = new Map<string, Macro>();
  for (const [, name, value] of settings.matchAll(/(\w+)=(\d+)/g))
    macros.set(name as string, { parameters: undefined, body: [value as string] });
  const tokens: string[] = [];
  let isSkipping = false;
  for (const line of text.replace(/\/\*[\s\S]*?\*\//g, ' ').split('\n')) {
    const [, directive, name = '', list, body = ''] = /^#(\w+)\s*(\w*)(\([^)]*\))?(.*)$/.exec(line) ?? [];
    if (directive === 'ifndef') isSkipping = macros.has(name);
    else if (directive === 'endif') isSkipping = false;
    else if (isSkipping) continue;
    else if (directive === 'define') {
      // Without a space before it, a list in parentheses is of parameters.
      const parameters = line.includes(`${name}(`) ? (list?.match(/\w+/g) ?? []) : undefined;
      macros.set(name, { parameters, body: (parameters ? body : (list ?? '') + body).match(TOKEN) ?? [] });
    } else tokens.push(...(line.match(TOKEN) ?? []));
  }
  return expand(tokens, macros);
}

function expand(tokens: readonly string[], macros: ReadonlyMap<string, Macro>): string[] {
  const rest = [...tokens].reverse();
  const done: string[] = [];
  for (let token = rest.pop(); token !== undefined; token = rest.pop()) {
    const macro = macros.get(token);
    if (!macro || (macro.parameters && rest.at(-1) !== '(')) done.push(token);
    else if (!macro.parameters) rest.push(...[...macro.body].reverse());
    else {
      const args = argumentsOf(rest);
      rest.push(...substituted(macro.body, macro.parameters, args).reverse());
    }
  }
  return done;
}

/** Takes `( … , … )` from the end of a reversed list. */
export function argumentsOf(rest: string[]): string[][] {
  rest.pop();
  const args: string[][] = [[]];
  for (let depth = 1; ; ) {
    const token = rest.pop() as string;
    if (token === '(' || token === '[') depth++;
    if (token === ')' || token === ']') depth--;
    if (depth === 0) return args;
    if (token === ',' && depth === 1) args.push([]);
    else args.at(-1)?.push(token);
  }
}

export function substituted(
  body: readonly string[],
  parameters: readonly string[],
  args: readonly string[][],
): string[] {
  return body.flatMap((token) => args[parameters.indexOf(token)] ?? [token]);
}

/** Of two sides, from those that bind least. */
export const OPERATORS: readonly string[][] = [
  ['||'],
  ['&&'],
  ['|'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
/** Those that are true or false. */
export const TRUTHS = new Set(['||', '&&', '==', '!=', '<', '>', '<=', '>=']);
