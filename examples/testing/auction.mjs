// The actor under test: takes bids, and closes when nobody has bid for a while. The winner is told.
import { defineActor, Refusal } from 'troupe';

/** Milliseconds without a bid after which the auction closes. */
export const QUIET_MS = 30_000;

export const auction = defineActor({
  state: () => ({ best: 0, bidder: undefined, bids: 0, isClosed: false }),
  receive: {
    bid(ctx, { amount }) {
      const { state } = ctx;
      if (state.isClosed) throw new Refusal('closed');
      if (amount <= state.best) throw new Refusal('too-low', `a bid is above ${state.best}; got ${amount}`);
      Object.assign(state, { best: amount, bidder: ctx.sender, bids: state.bids + 1 });
      ctx.after(QUIET_MS, { type: 'quiet', bids: state.bids });
      return state.best;
    },
    quiet(ctx, { bids }) {
      const { state } = ctx;
      // Somebody has bid since.
      if (bids !== state.bids) return;
      state.isClosed = true;
      if (state.bidder) ctx.tell(state.bidder, { type: 'won', amount: state.best });
    },
    best: (ctx) => ctx.state.best,
  },
});

/** Bids for whoever tells it to; the auction knows it by its id. */
export const bidder = defineActor({
  state: () => ({ won: undefined }),
  receive: {
    bid: (ctx, { lot, amount }) => ctx.ask(lot, { type: 'bid', amount }),
    won(ctx, { amount }) {
      ctx.state.won = amount;
    },
    result: (ctx) => ctx.state.won,
  },
});
