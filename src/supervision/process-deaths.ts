/** Processes that one message, or the start of one actor, may end; after that it is not tried again. */
export const PROCESS_DEATHS_MAX = 3;
/** Of them: those that journals note. The one that made it suspect came before the first note. */
export const NOTED_DEATHS_MAX: number = PROCESS_DEATHS_MAX - 1;
/**
 * Processes that may die between the end of a handler and its commit, time and again. That is a matter of chance where they are killed
 * from outside, and no chance lasts so long.
 */
export const DEATHS_BEFORE_COMMIT_MAX = 10;
/** Of them: from so many on, its commit is waited for before another turn of its like begins. */
export const DEATHS_BEFORE_COMMIT_ALONE = 3;
