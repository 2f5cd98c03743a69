/** The counter that peer-comedy.mjs forks. */
let count = 0;

module.exports = {
  inc() {
    count++;
  },
  take() {
    const taken = count;
    count = 0;
    return taken;
  },
  echo: ({ n }) => ({ n }),
};
