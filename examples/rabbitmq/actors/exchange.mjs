import { exchange } from 'troupe/rabbitmq';

export default exchange({
  url: process.env.AMQP_URL ?? 'amqp://localhost',
  declare: (channel, name) => channel.assertExchange(name, 'topic', { durable: true }),
});
