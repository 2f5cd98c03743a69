/** The shape of a machine: its states and the transitions between them, as data that can be drawn. */

/** A state of a machine. Paths are the keys of the states from the outermost one in, joined by dots. */
export interface MachineState {
  path: string;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** Path of the state that is entered first in it. */
  initial: string | undefined;
}

/** A transition of a machine. */
export interface MachineTransition {
  from: string;
  /** Path of the state that is entered; undefined: it stays where it is. */
  to: string | undefined;
  /** Type of the event, `after 500` for a delay, `always`, or `done` and `error` of what is invoked. */
  on: string;
  /** Name of its guard. */
  guard: string | undefined;
}

/** A machine as it can be drawn, of bounded size. */
export interface MachineShape {
  /** The outermost state has the path ''. */
  states: MachineState[];
  transitions: MachineTransition[];
  /** There are more states or transitions than are shown. */
  isCut: boolean;
}
