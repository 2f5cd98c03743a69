/** What the chat's actors and its page agree on: the frames that cross the socket, and every bound. */

export const NAME_CHARACTERS_MAX = 32;
export const TEXT_CHARACTERS_MAX = 2_000;
/** Messages that a room, and a conversation of two, remembers. */
export const HISTORY_MAX = 200;
/** Messages that a room can tell from a repeat. */
export const SEEN_MAX = 1_000;
export const PEOPLE_PER_ROOM_MAX = 500;
export const ROOMS_PER_USER_MAX = 20;
export const CONVERSATIONS_PER_USER_MAX = 50;
export const CONNECTIONS_PER_USER_MAX = 10;
/** Of all conversations of a person: a state is encoded whole with every turn. */
export const CONVERSATIONS_CHARACTERS_MAX = 500_000;
/** Milliseconds after which a room with people in it, and a person who is here, are back after a crash that nobody else notices. */
export const PRESENT_MS = 5_000;

export interface ChatMessage {
  /** Made by the page that sent it: what comes twice is recognised. */
  id: string;
  from: string;
  text: string;
  /** Milliseconds since the Unix epoch; within a room no two are equal. */
  at: number;
}

/** From the page. A conversation is a `room`, or `with` one person. */
export type ClientFrame =
  | {
      type: 'hello';
      name: string;
      rooms: { room: string; readAt: number }[];
      direct: { with: string; unread: number }[];
    }
  | { type: 'join'; room: string; readAt: number }
  | { type: 'leave'; room: string }
  | { type: 'post'; room: string; id: string; text: string }
  | { type: 'direct'; with: string; id: string; text: string }
  | { type: 'read-room'; room: string; at: number }
  | { type: 'read-direct'; with: string }
  | { type: 'where'; room: string };

/** To the page. */
export type ServerFrame =
  | { type: 'welcome'; name: string; worker: number; pid: number }
  /** The user's actor has failed: say hello again. */
  | { type: 'restarted' }
  /** Rooms may have moved: ask where they are. */
  | { type: 'placement' }
  | { type: 'placed'; room: string; worker: number; pid: number }
  | { type: 'joined'; room: string; since: number; people: string[]; history: ChatMessage[]; unread: number }
  | { type: 'left'; room: string }
  | { type: 'came' | 'went'; room: string; name: string }
  | { type: 'posted'; room: string; message: ChatMessage; unread: number }
  | { type: 'unread'; room: string; unread: number }
  | { type: 'conversation'; with: string; messages: ChatMessage[]; unread: number }
  | { type: 'direct'; with: string; message: ChatMessage; unread: number }
  | { type: 'unread-direct'; with: string; unread: number }
  | { type: 'refused'; room?: string; reason: string };

/** Where a room publishes what happens in it. */
export function roomTopic(room: string): string {
  return `chat/room/${room}`;
}

/** Drops the oldest of what has grown past its bound. */
export function keepNewest(kept: Set<string> | Map<string, unknown>, max: number): void {
  while (kept.size > max) kept.delete(kept.keys().next().value as string);
}
