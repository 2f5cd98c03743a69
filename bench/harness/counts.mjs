/** Counts of this process: what actors of it have handled, whichever of them it was. */
export const counts = { handled: 0, asked: 0, sent: 0 };

/** Handed out to each actor that checks the order of its senders. */
export function nextOf(state, sender, n) {
  const expected = state.next[sender] ?? 0;
  if (n !== expected) throw new Error(`the next message of ${sender} is ${expected}; got ${n}`);
  state.next[sender] = n + 1;
}
