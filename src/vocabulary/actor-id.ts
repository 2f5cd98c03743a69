/** An id as it is written, `<kind>/<key>`; address.ts says what is one. Apart, so that what errors are made of can name it. */
export type ActorId = string;
