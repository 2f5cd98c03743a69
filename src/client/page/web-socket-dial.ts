/** One try of a page to reach a gateway: the WebSocket, and the greeting over it. */
import type { Clock } from '../../vocabulary/clock.ts';
import { asError, TroupeError } from '../../vocabulary/errors.ts';
import { CLIENT_VERSION, decodeAnswer, type Hello } from '../../client-wire/client-greeting.ts';
import { FrameSplitter } from '../../wire/frame.ts';
import { encodeGreeting, HANDSHAKE_BYTES_MAX } from '../../wire/handshake.ts';
import { FRAME_EXTRA_BYTES } from '../../wire/link.ts';
import { firstFrameOf, WebSocketLink, type WebSocketPort } from '../../client-wire/web-socket-link.ts';
import type { Dial } from '../dial.ts';

export interface PageAddress {
  readonly url: string;
  readonly token: string | undefined;
  readonly connectMs: number;
}

type PageWebSocket = WebSocketPort & {
  addEventListener(type: 'open', listener: () => void, options: { once: true }): void;
};
declare const WebSocket: new (url: string) => PageWebSocket;

export function webSocketDial({ url, token, connectMs }: PageAddress, clock: Clock): Dial {
  return async (session) => {
    const socket = new WebSocket(url);
    const splitter = new FrameSplitter(HANDSHAKE_BYTES_MAX);
    const link = new WebSocketLink(socket, splitter, clock);
    const hello: Hello = {
      ...{ troupe: 'client', version: CLIENT_VERSION, session, now: clock.now() },
      ...(token !== undefined && { token }),
    };
    socket.addEventListener('open', () => link.write(encodeGreeting(hello)), { once: true });
    const heard = await firstFrameOf(link, clock, connectMs).catch((error: unknown) => {
      throw unavailable(url, asError(error));
    });
    const answer = decodeAnswer(heard);
    if (answer !== undefined && 'server' in answer) {
      splitter.frameBytesMax = answer.messageBytesMax + FRAME_EXTRA_BYTES;
      return { link, welcome: answer };
    }
    link.destroy();
    if (answer === undefined) throw unavailable(url, new Error('its answer cannot be read'));
    throw new TroupeError(answer.refused, answer.message, { fate: 'not-executed' });
  };
}

function unavailable(url: string, cause: Error): TroupeError {
  const text = `cannot connect to ${url}: ${cause.message}`;
  return new TroupeError('ACTOR_UNAVAILABLE', text, { fate: 'not-executed', cause });
}
