import { defineActor } from 'troupe';

export default defineActor({ durable: true, receive: {} });
