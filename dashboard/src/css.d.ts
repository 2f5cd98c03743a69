/** Vite makes a file of style sheets of their own. */
declare module '*.css';
