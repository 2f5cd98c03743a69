/** Processes that one message, or the start of one actor, may end; after that it is not tried again. */
export const PROCESS_DEATHS_MAX = 3;
/** Of them: those that a record notes. The one that made it suspect came before the first note. */
export const NOTED_DEATHS_MAX: number = PROCESS_DEATHS_MAX - 1;
