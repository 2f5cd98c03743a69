/** `troupe new`: a small project that runs, and passes its own tests. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { CommandPlan } from '../cli-ground/command.ts';
import { wrongUse } from '../cli-ground/exit-codes.ts';
import { ownDependency } from '../cli-ground/own-package.ts';
import { projectFiles } from './project-files.ts';

/** A name for the package that npm takes. */
export function packageNameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+/, '')
    .slice(0, 200);
  return name === '' ? 'my-actors' : name;
}

const newProject: CommandPlan = {
  usage: 'new <dir>',
  summary: 'make a small project that runs, and passes its own tests',
  example: 'troupe new demo && cd demo && npm install && npm test && npm start',
  isAlone: true,
  options: [['--js', 'JavaScript (default: TypeScript)']],
  run: async ([dir = ''], options, output) => {
    const folder = resolve(dir);
    if (existsSync(folder) && readdirSync(folder).length > 0)
      throw wrongUse(`expected a folder that is new or empty; got ${folder}`);
    const files = projectFiles({
      name: packageNameOf(folder),
      isJs: options.js === true,
      troupe: ownDependency(),
    });
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text, { flag: 'wx' });
    }
    const paths = Object.keys(files);
    output.result(
      { folder, files: paths },
      () => `${folder}\n${paths.map((path) => `  ${path}`).join('\n')}\n\n${next(dir)}`,
    );
  },
};

function next(dir: string): string {
  return `next: cd ${dir} && npm install && npm test && npm start`;
}

export const NEW: readonly CommandPlan[] = [newProject];
