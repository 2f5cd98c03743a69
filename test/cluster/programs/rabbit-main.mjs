// `main` of the workers of a test, or of a whole program: brings a queue to ledgers, ten numbers to each.
import { rabbitmq } from 'troupe/rabbitmq';

export default async function main(system) {
  const { url, queue, prefetch } = JSON.parse(process.env.TROUPE_TEST_QUEUE);
  const gateway = await rabbitmq(system, { url });
  gateway.consume(queue, {
    to: ({ properties }) => `ledger/${properties.headers.to}`,
    message: ({ content }) => JSON.parse(String(content)),
    prefetch,
  });
}
