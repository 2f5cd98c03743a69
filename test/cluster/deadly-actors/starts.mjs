/** Not durable; ends its process as it starts, once a file is there. */
import { appendFileSync, existsSync } from 'node:fs';
import { defineActor } from 'troupe';

const WAYS = {
  exit: () => process.exit(1),
  abort: () => process.abort(),
  loop: () => {
    for (;;);
  },
};

export default defineActor({
  state: (_key, args) => args,
  onStart({ state: { way, armed, tries } }) {
    if (way === undefined || !existsSync(armed)) return;
    appendFileSync(tries, `${way}\n`);
    WAYS[way]();
  },
  receive: { good: () => 'fine' },
});
