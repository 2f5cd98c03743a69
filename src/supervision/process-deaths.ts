/** Processes that one message, or the start of one actor, may end; after that it is not tried again. */
export const PROCESS_DEATHS_MAX = 3;
