// The mail actor of examples/email, on workers of the role `mail`.
export { default } from '../../../actors/email.ts';
