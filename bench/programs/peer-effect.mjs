/** An entity of effect's cluster in one process, through its test runner. */
import { Effect, Layer, Schema } from 'effect';
import { Entity, TestRunner } from 'effect/cluster';
import { Rpc } from 'effect/rpc';
import { mustBe, Program } from '../harness/measure.mjs';

const program = new Program('effect entity');
const N = Schema.Struct({ n: Schema.Int });
const Counter = Entity.make('Counter', [
  Rpc.make('Inc', { payload: { n: Schema.Int } }),
  Rpc.make('Take', { success: Schema.Int }),
  Rpc.make('Echo', { payload: { n: Schema.Int }, success: N }),
]);
const layer = Counter.toLayer(
  Effect.sync(() => {
    let count = 0;
    const take = () => {
      const taken = count;
      count = 0;
      return taken;
    };
    return Counter.of({
      Inc: () => Effect.sync(() => void count++),
      Take: () => Effect.sync(take),
      Echo: ({ payload: { n } }) => Effect.succeed({ n }),
    });
  }),
);
const work = Effect.gen(function* () {
  const clientOf = yield* Counter.client;
  const one = clientOf('counter-1');
  const services = yield* Effect.context();
  const run = (effect) => Effect.runPromiseWith(services)(effect);
  const tells = (n) =>
    run(
      Effect.gen(function* () {
        for (let at = 0; at < n; at++) yield* one.Inc({ n: at & 127 }, { discard: true });
        mustBe(n, yield* one.Take());
      }),
    );
  yield* Effect.promise(() => program.rate('S1', 'tell', 'msg/s', tells, { first: 200, most: 2e5 }));
  const sequential = (n) =>
    run(
      Effect.gen(function* () {
        for (let at = 0; at < n; at++) mustBe(at, (yield* one.Echo({ n: at })).n);
      }),
    );
  yield* Effect.promise(() => program.rate('S2', 'ask sequential', 'asks/s', sequential, { first: 100 }));
});
await Effect.runPromise(work.pipe(Effect.provide(layer.pipe(Layer.provideMerge(TestRunner.layer))), Effect.scoped));
process.exit();
