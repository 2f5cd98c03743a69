import { describe, expect, it } from 'vitest';
import { BrokerLink, RETRY } from '../../../src/rabbitmq/broker-link.ts';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { MemoryConnection, turns } from './memory-broker.ts';

function start(refuse = () => false) {
  const clock = new VirtualClock();
  const connections: MemoryConnection[] = [];
  const dialled: number[] = [];
  const changes: string[] = [];
  const dial = async () => {
    dialled.push(clock.now());
    if (refuse()) throw new Error('ECONNREFUSED');
    connections.push(new MemoryConnection());
    return connections.at(-1) as MemoryConnection;
  };
  const changed = (state: string, reason: string | undefined) => changes.push(reason ? `${state}: ${reason}` : state);
  const link = new BrokerLink({ clock, random: () => 0.5, dial, changed });
  return { clock, link, connections, dialled, changes };
}

describe('a link to a broker', () => {
  it('tries later and later until the broker is there', async () => {
    const { clock, link, dialled, changes, connections } = start(() => dialled.length < 9);
    const from = clock.now();
    link.begin();
    await clock.advance(60_000);
    const waits = dialled.map((at, n) => at - (dialled[n - 1] ?? from));
    expect(waits.map(Math.round)).toEqual([0, 100, 200, 400, 800, 1_600, 3_200, RETRY.maxMs, RETRY.maxMs]);
    expect(changes).toEqual(['connecting: ECONNREFUSED', 'connected']);
    // Once it was there, the first wait is a short one again.
    connections[0]?.drop();
    await clock.advance(101);
    expect(connections).toHaveLength(2);
  });

  it('comes back with what the broker said last, and counts', async () => {
    const { clock, link, connections, changes } = start();
    link.begin();
    await turns();
    connections[0]?.drop('CONNECTION_FORCED');
    expect([link.state, link.reason]).toEqual(['connecting', 'CONNECTION_FORCED']);
    await clock.advance(1_000);
    expect([link.state, link.reason, link.connects]).toEqual(['connected', undefined, 2]);
    // What a connection says that has been replaced is over.
    connections[0]?.emit('close', new Error('late'));
    expect([link.state, connections.length]).toEqual(['connected', 2]);
    expect(changes).toEqual(['connected', 'connecting: CONNECTION_FORCED', 'connected']);
  });

  it('is blocked while the broker says so', async () => {
    const { link, connections } = start();
    link.begin();
    await turns();
    connections[0]?.emit('blocked', 'low on disk');
    expect([link.state, link.reason]).toEqual(['blocked', 'low on disk']);
    connections[0]?.emit('unblocked');
    expect([link.state, link.reason]).toEqual(['connected', undefined]);
  });

  it('that is closed stays so, also where a connection was under way', async () => {
    const { clock, link, connections } = start();
    link.begin();
    await link.close();
    await clock.advance(60_000);
    expect([link.state, connections.length, connections[0]?.isClosed]).toEqual(['closed', 1, true]);
    const other = start();
    other.link.begin();
    await turns();
    await other.link.close();
    other.connections[0]?.drop();
    await other.clock.advance(60_000);
    expect(other.connections).toHaveLength(1);
  });
});
