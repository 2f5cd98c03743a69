/** The options of a system as they are shown: each with its value, and what has set it. No secrets. */

export interface Setting {
  readonly name: string;
  readonly value: string;
  /** `given`: by the program. `machine`: by its cores, or what its container gives. */
  readonly from: 'given' | 'default' | 'machine' | 'environment';
}
