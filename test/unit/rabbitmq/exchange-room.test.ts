/** Messages aside of an exchange, beyond the bound of which a turn waits on. */
import { expect, it } from 'vitest';
import { EXCHANGE_ASIDE_MAX, waitForRoom } from '../../../src/rabbitmq/exchange.ts';

it('a turn waits once for room, and on and on where as many are aside as may be', async () => {
  const mailbox = { asideLength: EXCHANGE_ASIDE_MAX - 1 };
  let waits = 0;
  const publisher = {
    isSettled: false,
    settled: async () => {
      waits++;
      if (waits === 5) mailbox.asideLength--;
    },
  };
  await waitForRoom({ publisher, cell: { mailbox } });
  expect(waits).toBe(1);
  mailbox.asideLength = EXCHANGE_ASIDE_MAX;
  await waitForRoom({ publisher, cell: { mailbox } });
  expect(waits).toBe(5);
  mailbox.asideLength = EXCHANGE_ASIDE_MAX + 1;
  publisher.isSettled = true;
  await waitForRoom({ publisher, cell: { mailbox } });
  expect(waits).toBe(6);
});
