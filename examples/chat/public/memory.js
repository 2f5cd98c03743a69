// What outlives a reload of the page: the name, the conversations and how far they were read, and what waits to be sent.

const KEY = 'chat';

export function recall() {
  return JSON.parse(sessionStorage.getItem(KEY) ?? 'null') ?? undefined;
}

export function remember({ name, openKey, conversations }) {
  const kept = [...conversations.values()].map(({ address, readAt, unread, messages }) => ({
    address,
    readAt,
    unread,
    messages: messages.filter(({ pending }) => pending),
  }));
  sessionStorage.setItem(KEY, JSON.stringify({ name, openKey, conversations: kept }));
}
