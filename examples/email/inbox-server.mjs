// A real SMTP server on loopback that keeps nothing: it shows what arrives. Two kinds of addresses try the sender's patience.
import { SMTPServer } from 'smtp-server';

/**
 * Listens on 127.0.0.1; port 0 takes any free one. `verdict(to)` may give an answer such as `451 try later`; undefined accepts.
 * @param {{ port?: number, onMail?: (mail: Mail) => void, verdict?: (to: string) => string | undefined }} options
 * @typedef {{ from: string, to: string, subject: string, messageId: string, text: string }} Mail
 */
export async function startInbox({ port = 0, onMail = () => {}, verdict = patience() } = {}) {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo({ address }, _session, done) {
      const answer = verdict(address);
      done(answer && Object.assign(new Error(answer.slice(4)), { responseCode: Number(answer.slice(0, 3)) }));
    },
    onData(stream, { envelope }, done) {
      const chunks = [];
      stream.on('data', (chunk) => chunks.push(chunk));
      stream.on('end', () => {
        onMail(readMail(envelope, Buffer.concat(chunks).toString()));
        done();
      });
    },
  });
  // A sender that breaks off is its own affair.
  server.on('error', () => {});
  await new Promise((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `smtp://127.0.0.1:${server.server.address().port}`,
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

function readMail({ mailFrom, rcptTo }, raw) {
  const end = raw.indexOf('\r\n\r\n');
  const head = raw.slice(0, end).replace(/\r\n[ \t]+/g, ' ');
  const header = (name) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? '';
  return {
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map(({ address }) => address).join(', '),
    subject: header('Subject'),
    messageId: header('Message-ID'),
    text: raw.slice(end + 4).trim(),
  };
}

/** busy@… is put off once, nobody@… does not exist. */
function patience() {
  let busy = true;
  return (to) => {
    if (to.startsWith('nobody@')) return '550 no such user here';
    if (!to.startsWith('busy@') || !busy) return undefined;
    busy = false;
    return '451 busy, try later';
  };
}
