/**
 * The panel that a program has for a kind: its own files, in a frame without an origin. It is given what this screen shows by `postMessage`, again with each look,
 * and may say how high it is; it can change nothing.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ActorAnswer } from '../../../src/dashboard/answers.ts';
import { info } from '../server.ts';
import { Card } from './blocks.tsx';

const HEIGHT = 200;
const HEIGHT_MAX = 4_000;

export function Panel({ answer }: { readonly answer: ActorAnswer }) {
  const kind = answer.actor.id.slice(0, answer.actor.id.indexOf('/'));
  if (info.value?.panels.includes(kind) !== true) return null;
  return (
    <Card title={`Panel of ${kind}`}>
      <Frame kind={kind} answer={answer} />
    </Card>
  );
}

function Frame({ kind, answer }: { readonly kind: string; readonly answer: ActorAnswer }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(HEIGHT);
  // A frame without an origin can be named by none: what is in it is the program's own, and goes nowhere from there.
  const tell = (): void => frame.current?.contentWindow?.postMessage({ troupe: 1, ...answer }, '*');
  useEffect(tell, [answer]);
  useEffect(() => {
    const heard = ({ source, data }: MessageEvent): void => {
      if (source !== frame.current?.contentWindow) return;
      const { height: wanted } = (data ?? {}) as { height?: unknown };
      if (typeof wanted === 'number' && wanted > 0) setHeight(Math.min(HEIGHT_MAX, Math.ceil(wanted)));
    };
    window.addEventListener('message', heard);
    return () => window.removeEventListener('message', heard);
  }, []);
  return (
    <iframe
      ref={frame}
      class="panel"
      title={`Panel of ${kind}`}
      sandbox="allow-scripts"
      src={`/panels/${kind}/index.html`}
      height={height}
      onLoad={tell}
    />
  );
}
