import { expect, test } from 'vitest';
import { BrokerGateway, QUEUES_MAX } from '../../../src/rabbitmq/rabbit-gateway.ts';
import { defineActor, startKit } from '../actor/kernel-fixture.ts';

test('a gateway consumes so many queues, and not one more', () => {
  const { process } = startKit({ tally: defineActor({ receive: { add: () => {} } }) });
  const gateway = new BrokerGateway(process.kernel, 'amqp://localhost', () => new Promise(() => {}));
  const options = { to: () => 'tally/a', message: () => ({ type: 'add' }) };
  for (let n = 0; n < QUEUES_MAX; n++) gateway.consume(`queue-${n}`, options);
  expect(() => gateway.consume('one more', options)).toThrow(`consumes ${QUEUES_MAX} queues, which is its limit`);
});
