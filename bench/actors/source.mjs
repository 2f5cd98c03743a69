/** Sends on behalf of a scenario, from its own worker. */
import { defineActor } from 'troupe';
import { counts } from '../harness/counts.mjs';
import { bursts, immediate, windowed } from '../harness/measure.mjs';
import { seeded } from '../harness/random.mjs';

const SIZES = [40, 40, 40, 40, 200, 200, 1_000, 4_000, 16_000];

export default defineActor({
  receive: {
    /** n tells to one actor, numbered. */
    fanIn: (ctx, { to, n }) =>
      bursts(
        n,
        (at) => ctx.tell(to, { type: 'put', from: ctx.id, n: at }),
        () => ctx.drained(),
      ),
    /** n messages to many: four tells in five, a few hot actors, payloads of many sizes. */
    async mix(ctx, { n, ids, kind, seed }) {
      const random = seeded(seed);
      const blobs = SIZES.map((size) => 'x'.repeat(size));
      const id = () => `${kind}/${random() < 0.1 ? Math.floor(random() * 100) : Math.floor(random() * ids)}`;
      const data = () => blobs[Math.floor(random() * blobs.length)];
      await windowed(n / 50, 16, async () => {
        let isClear = true;
        for (let at = 0; at < 40; at++) isClear = ctx.tell(id(), { type: 'put', data: data() }) && isClear;
        const asks = Array.from({ length: 10 }, (_, at) =>
          ctx.ask(id(), { type: 'get', n: at, data: data() }, { timeoutMs: 60_000 }),
        );
        for (const [at, { n: got }] of (await Promise.all(asks)).entries())
          if (got !== at) throw new Error(`the reply to ${at} is expected; got ${got}`);
        if (!isClear) await ctx.drained();
      });
    },
    /** A tell to each of many ids, so that they are in memory. */
    wake: (ctx, { kind, from, to }) =>
      bursts(
        to - from,
        (at) => ctx.tell(`${kind}/${from + at}`, { type: 'put' }),
        () => ctx.drained(),
        500,
      ),
    publish: (ctx, { topic, n }) =>
      bursts(n, (at) => ctx.publish(topic, { type: 'put', from: ctx.id, n: at }), undefined, 20),
    /** As fast as it can, without heed, for so long. */
    async flood(ctx, { to, ms }) {
      for (const until = performance.now() + ms; performance.now() < until; ) {
        for (let at = 0; at < 500; at++, counts.sent++) ctx.tell(to[at % to.length], { type: 'put' });
        await immediate();
      }
    },
  },
});
