/** How the time of a shutdown is shared, be it one process or many. */

/** Share of it that mail and asks may take; the rest is for onStop of those that do end in time. */
export const MAIL_SHARE = 0.8;
/** Milliseconds that what was said in onStop may take until it is handled, before those whom it woke are ended as well. */
export const LAST_WORDS_MS = 1_000;
/**
 * Milliseconds in which every HTTP response of a worker that goes is the last one on its connection, before its servers close. A client
 * that was about to send the next request on one that is closed at once would see a reset.
 */
export const LAST_ANSWER_MS = 250;
