/** Facts of a system that no actor has: its options, and the files of its store. */

/** An option as it is shown, with its value and what has set it. No secrets. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  /** `given`: by the program. `machine`: by its cores, or what its container gives. */
  readonly from: 'given' | 'default' | 'machine' | 'environment';
}

export interface StoreFiles {
  readonly folder: string;
  /** None where there is no store. */
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
  /** Bytes of the disk that are free, and of all of it; undefined where that is not known. */
  readonly freeBytes: number | undefined;
  readonly diskBytes: number | undefined;
}

export interface SystemFacts {
  readonly settings: readonly Setting[];
  /** Never rejects. */
  readonly files: () => Promise<StoreFiles>;
}
