// Apart from address.ts, which says what is one, so that what errors are made of can name it.

/** The id of an actor, `<kind>/<key>`, for example `counter/alice`; the first slash separates. `actorId` builds one. */
export type ActorId = string;
