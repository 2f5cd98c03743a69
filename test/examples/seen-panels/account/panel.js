// Draws the sum of an account; told of one that says so, it tries whatever a panel may not do.
let isTried = false;
addEventListener('message', ({ data: { actor } }) => {
  document.getElementById('sum').textContent = `${actor.id} has ${actor.state.sum}, ${actor.state.iban}`;
  parent.postMessage({ height: 321 }, '*');
  if (actor.id !== 'account/paneled' || isTried) return;
  isTried = true;
  void tryAll().then((outcomes) => {
    document.getElementById('tried').textContent = JSON.stringify(outcomes);
  });
});

async function tryAll() {
  return {
    read: await outcomeOf(() => fetch('/api/overview').then(({ status }) => status)),
    cookie: await outcomeOf(() => document.cookie),
    page: await outcomeOf(() => parent.document.title),
    inline: await outcomeOf(() => Function('return 1')()),
    storage: await outcomeOf(() => localStorage.length),
    open: await outcomeOf(() => String(open('/#/overview'))),
  };
}

async function outcomeOf(act) {
  try {
    return `done: ${await act()}`;
  } catch ({ name }) {
    return name;
  }
}
