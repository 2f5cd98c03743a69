/** Who is refused hears why, and does not stay: also one that never reads it. */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/doubles/virtual-clock.ts';
import { REFUSED_MS, SocketVisitor } from '../../../src/gateway/visitor.ts';
import { Poller } from '../../../src/wire/poller.ts';

class KeptSocket extends EventEmitter {
  readonly said: unknown[] = [];
  isDestroyed = false;
  written = (): void => {};
  late: [ms: number, run: () => void] | undefined;

  setTimeout(ms: number, run: () => void): void {
    this.late = [ms, run];
  }

  end(bytes: unknown, written: () => void): void {
    this.said.push(bytes);
    this.written = written;
  }

  destroy(): void {
    this.isDestroyed = true;
  }
}

test.each(['reads it', 'does not read it'])('one that %s', (how) => {
  const [socket, clock] = [new KeptSocket(), new VirtualClock()];
  const answer = Uint8Array.of(1, 2);
  new SocketVisitor(socket as unknown as Socket, 'a', undefined, clock, new Poller(clock, 0)).refuse(answer);
  expect([socket.said, socket.isDestroyed, socket.late?.[0]]).toEqual([[answer], false, REFUSED_MS]);
  if (how === 'reads it') socket.written();
  else socket.late?.[1]();
  expect(socket.isDestroyed).toBe(true);
});
