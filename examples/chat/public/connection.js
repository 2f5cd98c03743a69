// The socket: opened again by itself, later and later, whenever it ends.

const FIRST_DELAY_MS = 250;
const DELAY_MS_MAX = 8_000;

/**
 * `onState` hears `{ online: true }`, or `{ online: false, retryAt }`; `onFrame` each frame.
 * @returns {{ send(frame: object): boolean }} `send` is false where there is no connection.
 */
export function connect({ onState, onFrame }) {
  let socket;
  let timer;
  let failures = 0;

  function open() {
    clearTimeout(timer);
    socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/socket`);
    socket.onopen = () => onState({ online: true });
    socket.onmessage = ({ data }) => {
      // Not at the opening: a server that accepts and closes at once has to be spared too.
      failures = 0;
      onFrame(JSON.parse(data));
    };
    socket.onclose = retry;
  }

  function retry() {
    const delayMs = Math.min(DELAY_MS_MAX, FIRST_DELAY_MS * 2 ** failures++) * (0.75 + Math.random() / 2);
    timer = setTimeout(open, delayMs);
    onState({ online: false, retryAt: Date.now() + delayMs });
  }

  // The network is back, or somebody looks at the page: no reason to wait any longer.
  const hurry = () => {
    if (socket.readyState === WebSocket.CLOSED && document.visibilityState === 'visible') open();
  };
  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', hurry);

  open();
  return {
    send(frame) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
  };
}
