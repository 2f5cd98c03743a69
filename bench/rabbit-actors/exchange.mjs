import { exchange } from 'troupe/rabbitmq';

export default exchange({
  url: process.env.TROUPE_SOAK_BROKER ?? 'amqp://localhost',
  declare: (channel, name) => channel.assertExchange(name, 'topic', { durable: true }),
});
