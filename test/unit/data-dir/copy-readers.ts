/** Programs that read a copy, or do not. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As it stands in src/. */
export const COPY_READER: string = fileURLToPath(new URL('copy-reader.mjs', import.meta.url));

/** A reader with such a body, in a folder that it calls `own`. */
export function otherReader(folder: string, body: string): string {
  const program = join(folder, 'other-reader.mjs');
  const head = "import { appendFileSync, existsSync } from 'node:fs';";
  writeFileSync(program, `${head}\nconst own = ${JSON.stringify(folder)};\n${body}\n`);
  return program;
}
