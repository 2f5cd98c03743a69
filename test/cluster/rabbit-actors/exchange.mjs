// The tests say where the broker is.
import { exchange } from 'troupe/rabbitmq';

export default exchange({
  url: process.env.TROUPE_TEST_BROKER ?? 'amqp://localhost',
  declare: (channel, name) =>
    name === '' ? Promise.resolve() : channel.assertExchange(name, 'topic', { durable: true }),
});
