// A client in a process of its own, which does what its test tells it over IPC.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { connect } from 'troupe/client';

const clients = new Map();
const events = [];
const heard = [];
const silent = [];

function faultOf(error) {
  const { code, fate, message } = error;
  return { code, fate, message };
}

const commands = {
  async connect(url, options, count = 1) {
    const made = await Promise.all(Array.from({ length: count }, () => connect(url, options)));
    for (const client of made) {
      const n = clients.size;
      clients.set(n, client);
      for (const name of ['connected', 'disconnected', 'gap', 'refused', 'dead-letter'])
        client.on(name, (event) =>
          events.push({ n, name, ...event, ...(event.error && { error: faultOf(event.error) }) }),
        );
    }
    return clients.size;
  },
  call: (n, method, ...args) => clients.get(n)[method](...args),
  async subscribe(n, topic) {
    await clients.get(n).subscribe(topic, (message) => heard.push(message));
  },
  /** Every client listens. */
  async subscribeAll(topic) {
    await Promise.all(
      [...clients].map(([n, client]) => client.subscribe(topic, (message) => heard.push({ client: n, ...message }))),
    );
  },
  watch(n, id) {
    clients.get(n).watch(id, (ended) => heard.push(ended));
  },
  /** Numbers in order, as fast as the system takes them. */
  async note(n, id, from, count) {
    let slowed = 0;
    for (let number = from; number < from + count; number++) {
      if (clients.get(n).tell(id, { type: 'note', n: number, from: `client-${n}` })) continue;
      slowed++;
      await clients.get(n).drained();
    }
    return slowed;
  },
  /** Tells, publishes and asks in turn. */
  async mixed(n, id, topic, from, count) {
    const client = clients.get(n);
    for (let number = from; number < from + count; number++) {
      const message = { type: 'note', n: number, from: 'mixed' };
      if (number % 10 === 9) await client.ask(id, message).catch(() => {});
      else if (number % 2 === 0) client.publish(topic, message);
      else client.tell(id, message);
    }
  },
  /** Numbered deposits to each account in turn, between them asks of the account; how many asks were answered. */
  async deposit(n, ids, from, first, count) {
    const client = clients.get(n);
    let answered = 0;
    const asks = [];
    for (let number = first; number < first + count; number++)
      for (const id of ids) {
        if (!client.tell(id, { type: 'deposit', amount: 1, from, n: number })) await client.drained();
        if (number % 7 === 0)
          asks.push(
            client.ask(id, { type: 'pid' }).then(
              () => answered++,
              () => {},
            ),
          );
        if (number % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      }
    await Promise.all(asks);
    return answered;
  },
  /** Every client asks once; all at the same time. */
  async askAll(id, message) {
    const replies = await Promise.allSettled(
      [...clients.values()].map((client) => client.ask(id, message, { timeoutMs: 60_000 })),
    );
    return replies.map(({ value, reason }) => value ?? faultOf(reason));
  },
  /** Every client asks again and again for so long: how many were answered, what went wrong, and the longest wait in milliseconds. */
  async askAllFor(id, message, ms) {
    const end = Date.now() + ms;
    const result = { answered: 0, faults: [], longestMs: 0 };
    await Promise.all(
      [...clients.values()].map(async (client) => {
        while (Date.now() < end) {
          const startedAt = Date.now();
          await client.ask(id, message).then(
            () => result.answered++,
            (error) => result.faults.push(faultOf(error)),
          );
          result.longestMs = Math.max(result.longestMs, Date.now() - startedAt);
        }
      }),
    );
    return result;
  },
  /** Asks, one after the other, for so long; what came of each. */
  async askFor(n, ids, ms) {
    const outcomes = [];
    const end = Date.now() + ms;
    while (Date.now() < end)
      for (const id of ids) {
        const startedAt = Date.now();
        const outcome = await clients
          .get(n)
          .ask(id, { type: 'visit' }, { timeoutMs: 8_000 })
          .then((value) => ({ value }), faultOf);
        outcomes.push({ id, ...outcome, ms: Date.now() - startedAt });
      }
    return outcomes;
  },
  /** Connections that say nothing. */
  async hold(path, count) {
    for (let n = 0; n < count; n += 100)
      await Promise.all(
        Array.from({ length: Math.min(100, count - n) }, () => {
          const socket = createConnection(path).on('error', () => {});
          silent.push(socket.on('close', () => silent.splice(silent.indexOf(socket), 1)));
          return once(socket, 'connect');
        }),
      );
  },
  held: () => silent.length,
  events: () => events.splice(0),
  heard: () => heard.splice(0),
};

process.on('message', async ({ number, command, args }) => {
  try {
    process.send({ number, value: await commands[command](...args) });
  } catch (error) {
    process.send({ number, fault: faultOf(error) });
  }
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
