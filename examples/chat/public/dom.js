// Three small tools for drawing by hand.

/** Makes the children of `list` those of `items`, and touches only what differs. */
export function patch(list, items, keyOf, create, update = () => {}) {
  const known = new Map([...list.children].map((child) => [child.dataset.patchKey, child]));
  let place = list.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = known.get(key);
    known.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.patchKey = key;
    }
    if (child === place) place = place.nextSibling;
    else list.insertBefore(child, place);
    update(child, item);
  }
  for (const child of known.values()) child.remove();
}

/** A text that is the same is not said again by a screen reader. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function element(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}
