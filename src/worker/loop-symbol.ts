/** Of the symbol under which the probe is in the global scope: a file of its own, since what reads it loads the debugger. */
export const LOOP_PROBE = 'troupe.loop';
