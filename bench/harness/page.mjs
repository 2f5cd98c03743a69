/** What a browser that shows a screen of the page does: it holds the screen's stream open, and takes what comes. */

/** A system's log that is told where the page is, and passes on nothing but warnings and errors. */
export function logWithUrl(found) {
  const line = (level) => (fields, text) => console.log(JSON.stringify({ level, ...fields, text }));
  const log = {
    debug: () => {},
    info: (fields) => {
      if (fields.url !== undefined) found(fields.url);
    },
    warn: line('warn'),
    error: line('error'),
    child: () => log,
  };
  return log;
}

/** Calls `seen` with each answer of the screen, until it is closed. */
export function openScreen(url, screen, seen) {
  const page = new AbortController();
  const reading = (async () => {
    const answer = await fetch(`${url}/api/stream?screen=${screen}`, { signal: page.signal });
    if (answer.status !== 200) throw new Error(`the stream of ${screen} is expected; got ${answer.status}`);
    let text = '';
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        if (event.startsWith('data: ')) seen(JSON.parse(event.slice(6)));
      }
    }
  })().catch((error) => {
    if (!page.signal.aborted) throw error;
  });
  return {
    async close() {
      page.abort();
      await reading;
    },
  };
}
