// Draws the state. Lists are patched by key, so that focus, selection and the place one reads at stay where they are.
import { element, patch, setText } from './dom.js';

const GROUP_MS = 5 * 60_000;
const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

/** What was drawn last: another conversation begins at its end. */
let shownKey = '';

export function draw(state) {
  const { open } = state;
  const all = [...state.conversations.values()];
  drawConversations(
    $('rooms'),
    all.filter(({ isRoom }) => isRoom),
    state,
  );
  drawConversations(
    $('direct'),
    all.filter(({ isRoom }) => !isRoom),
    state,
  );
  $('direct-empty').hidden = all.some(({ isRoom }) => !isRoom);
  drawHead(open, state);
  drawMessages(open, state);
  drawPeople(open, state);
  drawConnection(state);
}

export function askName(show) {
  $('entry').hidden = !show;
  $('chat').hidden = show;
  if (show) $('name').focus();
}

/** For those who listen to the page. */
export function announce(news) {
  $('news').textContent = news;
}

function drawConversations(list, conversations, { openKey }) {
  patch(
    list,
    conversations,
    ({ key }) => key,
    newConversation,
    (item, { key, title, isRoom, unread, joined }) => {
      const [button, badge] = [item.firstChild, item.firstChild.lastChild];
      button.toggleAttribute('aria-current', key === openKey);
      button.classList.toggle('waiting', !joined);
      badge.hidden = unread === 0;
      badge.textContent = unread;
      button.setAttribute('aria-label', `${isRoom ? 'Room' : 'Direct'} ${title}${unread ? `, ${unread} unread` : ''}`);
    },
  );
}

function newConversation({ key, title, isRoom }) {
  const name = element('span', { className: 'name', textContent: title });
  const sign = element('span', { className: isRoom ? 'sign' : 'avatar', textContent: isRoom ? '#' : initial(title) });
  if (!isRoom) sign.style.setProperty('--hue', hue(title));
  const button = element('button', { type: 'button' }, sign, name, element('span', { className: 'badge' }));
  button.dataset.key = key;
  return element('li', {}, button);
}

function drawHead(open, { unread, name }) {
  document.title = `${unread ? `(${unread}) ` : ''}${open.title} · Chat`;
  $('title').textContent = open.isRoom ? `# ${open.title}` : open.title;
  $('since').textContent = open.isRoom ? sinceText(open) : `Between ${open.title} and ${name}`;
  $('host').hidden = !open.isRoom || !open.host;
  if (open.host) setText($('host'), `on worker ${open.host.worker} · pid ${open.host.pid}`);
  $('leave').hidden = !open.isRoom;
  $('unread-all').hidden = unread === 0;
  $('unread-all').textContent = unread;
  $('text').placeholder = `Write to ${open.title}`;
}

function sinceText({ since, joined }) {
  if (since === 0) return 'Entering…';
  return `${joined ? '' : 'Entering again… '}History since ${timeText(since)}`;
}

function drawMessages({ key, messages }, { name }) {
  const scroll = $('scroll');
  const atEnd = shownKey !== key || scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
  const entries = messages.map((message, index) => ({ message, isNext: follows(messages[index - 1], message) }));
  // A message that has arrived is drawn anew; until then it is another entry.
  const entryKey = ({ message, isNext }) => `${key} ${message.id} ${message.pending ?? false} ${isNext}`;
  patch($('messages'), entries, entryKey, (entry) => newMessage(entry, name));
  if (atEnd) scroll.scrollTop = scroll.scrollHeight;
  shownKey = key;
}

function follows(previous, { from, at, note }) {
  return previous !== undefined && !note && previous.from === from && at - previous.at < GROUP_MS;
}

function newMessage({ message, isNext }, name) {
  if (message.note) {
    const text = `This room began anew at ${timeText(message.at)}. What is above is kept by this page only.`;
    return element('li', { className: 'break', textContent: text });
  }
  const { from, text, at, pending } = message;
  const avatar = element('span', { className: 'avatar', textContent: initial(from), ariaHidden: 'true' });
  avatar.style.setProperty('--hue', hue(from));
  const time = element('time', {
    dateTime: new Date(at).toISOString(),
    textContent: pending ? 'on its way' : timeText(at),
  });
  const head = element(
    'p',
    { className: 'by' },
    element('strong', { textContent: from === name ? 'You' : from }),
    time,
  );
  const body = element('p', { className: 'text', textContent: text });
  const item = element('li', {}, avatar, head, body);
  item.classList.toggle('next', isNext);
  item.classList.toggle('own', from === name);
  item.classList.toggle('pending', pending ?? false);
  if (isNext) item.title = timeText(at);
  return item;
}

function drawPeople(open, { name, online }) {
  const people = open.isRoom ? [...open.people].sort((a, b) => a.localeCompare(b)) : [open.title, name];
  setText($('people-title'), open.isRoom ? `Here now · ${people.length}` : 'The two of you');
  $('people-panel').classList.toggle('waiting', !online || !open.joined);
  patch(
    $('people'),
    people,
    (person) => person,
    (person) => {
      const avatar = element('span', { className: 'avatar', textContent: initial(person) });
      avatar.style.setProperty('--hue', hue(person));
      const label = element('span', { className: 'name', textContent: person });
      if (person === name)
        return element('li', { className: 'self' }, avatar, label, element('small', { textContent: 'you' }));
      const button = element('button', { type: 'button', ariaLabel: `Write to ${person} alone` }, avatar, label);
      button.dataset.person = person;
      return element('li', {}, button);
    },
  );
}

function drawConnection({ name, online, retryAt, server, notice }) {
  setText($('me'), name);
  const seconds = Math.max(1, Math.round((retryAt - Date.now()) / 1_000));
  $('state').dataset.online = online;
  setText($('state'), online ? (server ? `Connected to worker ${server.worker}` : 'Connecting…') : 'Connecting again…');
  const lost = `No connection. Next try in ${seconds} s; what you write waits here.`;
  const text = notice || (online || retryAt === 0 ? '' : lost);
  $('notice').hidden = text === '';
  setText($('notice'), text);
}

function timeText(at) {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday ? clock.format(date) : `${day.format(date)}, ${clock.format(date)}`;
}

function initial(name) {
  return [...name][0].toUpperCase();
}

/** The same name has the same colour on every page. */
function hue(name) {
  return [...name].reduce((sum, character) => (sum * 31 + character.codePointAt(0)) % 360, 7);
}
