/** `troupe completion <shell>`: what a shell needs to complete commands and options. Made from the plans, so that it cannot be out of date. */
import { type CommandPlan, optionNamesOf } from '../cli-ground/command.ts';
import { wrongUse } from '../cli-ground/exit-codes.ts';

interface Entry {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly string[];
}

const SHELLS: { readonly [shell: string]: (entries: readonly Entry[]) => string } = { bash, zsh, fish };

export function completionOf(plans: () => readonly CommandPlan[]): CommandPlan {
  return {
    usage: 'completion <shell>',
    summary: `write what completes commands and options in ${Object.keys(SHELLS).join(', ')}`,
    example: 'troupe completion bash >> ~/.bashrc',
    isAlone: true,
    run: async ([shell = ''], _options, output) => {
      const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (write === undefined) throw wrongUse(`expected ${Object.keys(SHELLS).join(', ')}; got '${shell}'`);
      const script = write(plans().flatMap(entriesOf));
      output.result({ shell, script }, () => script);
    },
  };
}

/** One for each of its names. */
function entriesOf(plan: CommandPlan): Entry[] {
  const [own = ''] = plan.usage.split(' ');
  const { summary, alias } = plan;
  const names = alias === undefined ? [own] : [own, alias];
  return names.map((name) => ({ name, summary, options: optionNamesOf(plan) }));
}

function bash(entries: readonly Entry[]): string {
  const cases = entries.map(({ name, options }) => `    ${name}) words="${options.join(' ')}" ;;`);
  return `_troupe() {
  local words=
  if [ "$COMP_CWORD" -eq 1 ]; then words="${entries.map(({ name }) => name).join(' ')}"
  else case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _troupe troupe`;
}

function zsh(entries: readonly Entry[]): string {
  const commands = entries.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`);
  const cases = entries.map(({ name, options }) => `    ${name}) compadd -- ${options.join(' ')} ;;`);
  return `#compdef troupe
_troupe() {
  local -a commands=(
${commands.join('\n')}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case $words[2] in
${cases.join('\n')}
  esac
  _files
}
compdef _troupe troupe`;
}

function fish(entries: readonly Entry[]): string {
  return entries
    .flatMap(({ name, summary, options }) => [
      `complete -c troupe -f -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...options.map((option) => `complete -c troupe -n '__fish_seen_subcommand_from ${name}' -l ${option.slice(2)}`),
    ])
    .join('\n');
}

/** For any of the shells; a quote in a summary becomes a typographic one. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
