/** The bound that the kernel has for the path of a Unix socket; Node.js 20 and 22 cut a longer one without a word. */
export const SOCKET_PATH_BYTES_MAX: number = process.platform === 'linux' ? 107 : 103;
