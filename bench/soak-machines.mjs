/**
 * npm run soak:machines -- --minutes 10 [--faults 1000] [--seed 1] [--lease 1500] [--together 2] [--away 60] [--put-back 5] [--only killed]
 *
 * Three machines on one real PostgreSQL under random faults: machines killed, stopped, cut off, leaving and joining; the database stopped, away,
 * slow, its sessions ended. Every durable write is witnessed in the database, with its fence. Then, unless `--put-back 0`, the database is put
 * back to a backup under machines that run, so many times. It fails where anything durable was lost, doubled or swapped, had two owners, or no answer; and where volatile
 * messages were handled twice, or two of one sender were swapped.
 */
import { parseArgs } from 'node:util';
import { Soak } from '../test/machines/soak.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    faults: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    lease: { type: 'string', default: '1500' },
    together: { type: 'string', default: '2' },
    away: { type: 'string', default: '60' },
    'put-back': { type: 'string', default: '5' },
    only: { type: 'string' },
    log: { type: 'string', default: 'warn' },
  },
});
const options = {
  seed: Number(values.seed),
  leaseMs: Number(values.lease),
  minutes: Number(values.minutes),
  faults: Number(values.faults),
  together: Number(values.together),
  awayMs: Number(values.away) * 1_000,
  ...(values.only !== undefined && { only: values.only }),
  log: values.log,
  tell: (text) => console.log(text),
};
const results = [];
if (options.minutes > 0) results.push(await new Soak(options).run());
const times = Number(values['put-back']);
if (times > 0) results.push(await new Soak({ ...options, faults: times }).putBack());
for (const result of results) console.log(JSON.stringify(result, null, 1));
const breaches = results.flatMap((result) => result.breaches);
console.log(
  breaches.length === 0
    ? 'nothing was swapped, doubled or owned twice, and nothing durable was lost'
    : `FAILED: ${breaches.length} breaches`,
);
process.exit(breaches.length === 0 ? 0 : 1);
