// `main` of the workers of the soak: each consumes the queue.
import { rabbitmq } from 'troupe/rabbitmq';

export default async function main(system) {
  const gateway = await rabbitmq(system, { url: process.env.TROUPE_SOAK_BROKER });
  gateway.consume('soak', {
    to: ({ content }) => `ledger/${JSON.parse(content).ledger}`,
    message: ({ content }) => ({ ...JSON.parse(content), type: 'note' }),
    prefetch: 200,
  });
}
