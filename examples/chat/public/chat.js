// Begins the page: asks for a name, connects, and passes on what people do.
import { ChatState } from './chat-state.js';
import { connect } from './connection.js';
import { recall } from './memory.js';
import { announce, askName, draw } from './view.js';

/** As the server's; here so that the form can say so. */
const NAME_PATTERN = "[\\p{L}\\p{N}]([\\p{L}\\p{M}\\p{N} ._'\\-]*[\\p{L}\\p{M}\\p{N}])?";
const NAME_RULE = "Letters and digits; between them also spaces and . _ ' -";
const $ = (id) => document.getElementById(id);

for (const input of [$('name'), $('room')]) Object.assign(input, { pattern: NAME_PATTERN, title: NAME_RULE });

const known = recall();
if (known) start(known.name);
else askName(true);

$('entry').addEventListener('submit', (event) => {
  event.preventDefault();
  start($('name').value.normalize());
});

function start(name) {
  askName(false);
  let connection;
  const state = new ChatState(name, (frame) => connection?.send(frame) ?? false);
  drawOnChange(state);
  connection = connect({ onState: (change) => state.connected(change), onFrame: (frame) => state.receive(frame) });
  listenToPeople(state);
  state.read();
  if (matchMedia('(min-width: 48rem)').matches) $('text').focus();
}

/** Many changes of one moment are drawn once; also while nobody looks, since the title counts what is unread. */
function drawOnChange(state) {
  let isDue = false;
  state.addEventListener('change', () => {
    if (isDue) return;
    isDue = true;
    setTimeout(() => {
      isDue = false;
      draw(state);
    });
  });
  state.addEventListener('news', ({ detail }) => announce(detail));
  // The seconds until the next try.
  setInterval(() => state.online || draw(state), 1_000);
}

function listenToPeople(state) {
  for (const id of ['rooms', 'direct']) {
    $(id).addEventListener('click', ({ target }) => {
      const { key } = target.closest('button')?.dataset ?? {};
      if (key) go(state, state.conversations.get(key).address);
    });
  }
  $('people').addEventListener('click', ({ target }) => {
    const { person } = target.closest('button')?.dataset ?? {};
    if (person) go(state, { with: person });
  });
  $('join').addEventListener('submit', (event) => {
    event.preventDefault();
    const room = $('room').value.normalize();
    if (room) go(state, { room });
    $('room').value = '';
  });
  $('leave').addEventListener('click', () => state.leave(state.open.address));
  document.addEventListener('visibilitychange', () => state.read());
  document.addEventListener('keydown', (event) => pressed(state, event));
  listenToComposer(state);
  for (const name of ['rooms', 'people']) $(`show-${name}`).addEventListener('click', () => showPanel(name));
  $('scrim').addEventListener('click', () => showPanel(undefined));
}

function listenToComposer(state) {
  const text = $('text');
  const grow = () => {
    text.style.height = 'auto';
    text.style.height = `${text.scrollHeight}px`;
  };
  text.addEventListener('input', grow);
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $('composer').requestSubmit();
  });
  $('composer').addEventListener('submit', (event) => {
    event.preventDefault();
    const written = text.value.trim();
    if (!written) return;
    state.write(written);
    text.value = '';
    grow();
  });
}

function pressed(state, event) {
  if (event.key === 'Escape') showPanel(undefined);
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!event.altKey || !step) return;
  event.preventDefault();
  const buttons = [...document.querySelectorAll('#rooms button, #direct button')];
  const next = buttons.findIndex(({ dataset }) => dataset.key === state.openKey) + step;
  buttons[(next + buttons.length) % buttons.length].click();
}

function go(state, address) {
  state.show(address);
  showPanel(undefined);
  // On a phone the keyboard would hide what was just opened.
  if (matchMedia('(min-width: 48rem)').matches) $('text').focus();
}

/** Where the window is narrow, the panels lie over the messages, one at a time. */
function showPanel(name) {
  for (const each of ['rooms', 'people']) {
    const isShown = each === name && $(`show-${each}`).ariaExpanded !== 'true';
    $(`show-${each}`).ariaExpanded = isShown;
    $(`${each}-panel`).classList.toggle('shown', isShown);
    if (isShown) $(`${each}-panel`).querySelector('button')?.focus();
  }
}
