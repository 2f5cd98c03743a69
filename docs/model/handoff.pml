/* The hand-off of actor units between processes, and the death of processes, as troupe does it (docs/decisions/0005 and 0010).
 *
 * What is modelled. A master and three processes; a first-in-first-out link for each ordered pair, a control channel each way;
 *   two units, 0 and 1, that send numbered messages to each other (N0 of them to unit 0, N1 to unit 1); messages to unit 0 are
 *   tells or publishes that it subscribes to (PUB). Both may move, also at the same time: prepare, the stop between two turns,
 *   FLUSH, prepared, hold, markers, transferred state, installed, the table that commits; busy, refused; a deadline at any step; a SIGKILL of any
 *   process at any moment; a process that comes, or comes again. A process that hangs is a slow one that is killed later.
 * What is abstracted. A turn is one step, and transferred state one frame. A queue is a set of numbers, since each has one writer; that it is filled
 *   in order is checked at each place where it is filled. A killed process loses a tail of each of its links (it was not written),
 *   then the link ends; of what was on its way to it a tail comes back to the sender, the rest is lost. Publishes go to all
 *   processes, as if all had a subscriber: the wait until the new host's topics are in force is left out. A unit that sends nothing is
 *   not flushed. An `abort` in the prepare phase goes to the old host only, one after `busy` to nobody: the others have nothing to end.
 *   A process is forked again when all have read its links to their ends.
 * What is left out: asks and replies, timers, watchers, children, stash, passivation, credits and bounds, claims and releases of single
 *   ids, the directory, several units in one move, broken links between living processes, the death of the master (it ends all).
 * What is checked. Promises of docs/SEMANTICS.md: 1 where a unit begins to live; 2 and 3 where a message gets into a mailbox and where
 *   it is handled; 4, and that nothing is stuck, at the end: when nothing can happen any more each unit lives where the table says,
 *   nobody holds anything, a last message gets through, and each message was handled or was in the memory of a process that died.
 * Run it: npm run model, or one setting by hand:
 *   spin -a -DM0=1 -DCR=1 handoff.pml && gcc -O2 -DSAFETY -DCOLLAPSE -DVECTORSZ=4096 -o pan pan.c && ./pan -m2000000 -n
 *   the shortest trail: add -DBFS to gcc; to read one: spin -t -k handoff.pml.trail -p -g -D... handoff.pml
 *
 * Results, the protocol: no error, searched to the end (states, depth).
 *   M0=1 EX=1 BUSY=1                     7032  258
 *   M1=1 EX=1                           54337  288
 *   M0=2 EX=1                          100021  439
 *   CR=1                                 1434  241
 *   M0=1 CR=1                           63806  394
 *   M0=1 EX=1 CR=1                     220943  394
 *   M1=1 CR=1 N0=2                     100535  400
 *   M0=1 CR=1 RF=1 N0=2                 40289  386
 *   M0=1 EX=1 N0=2 N1=2                 98993  306
 *   M0=1 CR=1 N0=2 N1=2                416513  442
 *   M0=1 M1=1 N0=2                     395020  445
 *   M0=1 M1=1 N0=2 N1=1               2237174  494
 *   M0=1 M1=1 ABSENT=1 RF=1 N0=2       641339  460
 *   M0=1 EX=1 PUB=4                     17355  273
 *   M0=1 CR=1 PUB=4                    121621  415
 *   M0=1 M1=1 PUB=2 N0=2               541256  460
 *   Not to the end, no error as far as two minutes go: M0=1 M1=1 EX=1 N0=2 (3.4 million states), M0=1 M1=1 N0=2 N1=2 (2.8 million),
 *   M0=1 M1=1 CR=1 N0=2 (8.4 million).
 * Mutants, each with an error; the depth that the search reached: 
 *   that of the shortest trail, but for those with DFS (depth first, where breadth first is too large).
 *   release before the flush markers            M0=1 EX=1 MUT=1                       a swap or a duplicate (2, 3)   177
 *   no epoch wait                               CR=1 MUT=2                            a swap or a duplicate (2, 3)   133
 *   dead link not read to its end               CR=1 MUT=4                            a swap or a duplicate (2, 3)   111
 *   no flush by the moving sender               M1=1 MUT=8                            a swap or a duplicate (2, 3)   203
 *   end of a link not counted                   M0=1 CR=1 MUT=16                      stuck (4)                      197
 *   held outbound mail stays                    M0=1 M1=1 DFS MUT=32                  a swap or a duplicate (2, 3)   450
 *   held outbound mail taken late               M0=1 M1=1 DFS MUT=64                  a swap or a duplicate (2, 3)   455
 *   unsent tail of a dead link stays            M1=1 CR=1 DFS MUT=128                 a swap or a duplicate (2, 3)   429
 *   run at install                              M0=1 EX=1 MUT=256                     two incarnations (1)            98
 *   any table releases                          M0=1 M1=1 EX=1 DFS MUT=512            a swap or a duplicate (2, 3)   457
 *   no move ids                                 M0=2 EX=2 DFS MUT=1024                two incarnations (1)           250
 *   placed elsewhere when the old host dies     M0=1 CR=1 MUT=2048                    two incarnations (1)           197
 *   standing holds not told to a new worker     M0=1 M1=1 ABSENT=1 RF=1 DFS MUT=4096  a swap or a duplicate (2, 3)   470
 *   late mail dropped                           M0=1 MUT=8192                         a loss (4)                     239
 *   resumed before its transferred state is back M0=1 M1=1 EX=2 DFS MUT=16384          a swap or a duplicate (2, 3)   280
 *   publish not exempt behind the hold          M0=1 PUB=4 MUT=32768                  a swap or a duplicate (2, 3)   161
 *   publish not held                            M0=1 PUB=4 MUT=65536                  a swap or a duplicate (2, 3)   161
 *   new host takes older publishes              M0=1 PUB=4 MUT=131072                 a swap or a duplicate (2, 3)   177
 *   exempt by the marker of the old host        M0=1 PUB=4 MUT=262144                 a swap or a duplicate (2, 3)   161
 *   exempt by marker, end by deadline           M0=1 EX=1 PUB=4 MUT=262144            a swap or a duplicate (2, 3)   118
 *   publish under the epoch of its frame        M0=1 PUB=4 MUT=524288                 a swap or a duplicate (2, 3)   208
 *   old host holds publishes from the hold on   M0=1 PUB=4 MUT=1048576                a swap or a duplicate (2, 3)   202
 *   fresh subscriber takes older publishes      CR=1 PUB=4 MUT=2097152                a swap or a duplicate (2, 3)   155
 */

#ifndef N0
#define N0 3            /* messages that unit 1 sends to unit 0; the last one is the probe, sent when all is quiet */
#endif
#ifndef N1
#define N1 0            /* the same from unit 0 to unit 1; 0: it sends nothing */
#endif
#ifndef M0
#define M0 0            /* moves of unit 0, tries that fail counted */
#endif
#ifndef M1
#define M1 0            /* moves of unit 1 */
#endif
#ifndef CR
#define CR 0            /* processes that are killed */
#endif
#ifndef RF
#define RF 0            /* forks of a process that is not there */
#endif
#ifndef ABSENT
#define ABSENT 0        /* 1: process 2 is not there at first */
#endif
#ifndef EX
#define EX 0            /* moves that end by their deadline */
#endif
#ifndef BUSY
#define BUSY 0          /* moves that their old host refuses, as a turn takes too long */
#endif
#ifndef PUB
#define PUB 0           /* bit n: message n to unit 0 is published; unit 0 subscribes wherever it lives */
#endif
#ifndef MUT
#define MUT 0           /* rules that are taken away: the sum of some of the following */
#endif
#define X_NO_MARKERS       (MUT & 1)
#define X_NO_EPOCH_WAIT    (MUT & 2)
#define X_NO_READ_TO_END   (MUT & 4)
#define X_NO_FLUSH         (MUT & 8)
#define X_END_NOT_COUNTED  (MUT & 16)
#define X_HELD_STAYS       (MUT & 32)
#define X_HELD_LATE        (MUT & 64)
#define X_TAIL_STAYS       (MUT & 128)
#define X_RUN_AT_INSTALL   (MUT & 256)
#define X_ANY_TABLE        (MUT & 512)
#define X_NO_IDS           (MUT & 1024)
#define X_ELSEWHERE        (MUT & 2048)
#define X_HOLDS_NOT_TOLD   (MUT & 4096)
#define X_LATE_DROPPED     (MUT & 8192)
#define X_RESUME_FIRST     (MUT & 16384)
#define X_PUB_NOT_EXEMPT   (MUT & 32768)
#define X_PUB_NOT_HELD     (MUT & 65536)
#define X_PUB_NO_SINCE     (MUT & 131072)
#define X_PUB_BY_MARKER    (MUT & 262144)
#define X_PUB_FRAME_EPOCH  (MUT & 524288)
#define X_PUB_FROM_HOLD    (MUT & 1048576)
#define X_PUB_FRESH_ANY    (MUT & 2097152)

#define BIT(n)    (1 << (n))
#define ALL(u)     (BIT((u) == 0 -> N0 + 1 : N1 + 1) - 2)
#define COUNT(u)  ((u) == 0 -> N0 : N1)
#define NEVER     assert(MUT)           /* the protocol never comes here; without a rule it may */

/* What an actor unit is at a process. It does not run: QUIESCENT, HELD, SENT. */
#define NONE      0
#define LIVE      1
#define QUIESCING 2                     /* asked to stop; its turns go on until the running one ends */
#define QUIESCENT 3                     /* between two turns, its links are being flushed */
#define HELD      4                     /* the hold has come, markers are being counted */
#define SENT      5                     /* the transferred state is out; this is the copy */
#define ARRIVED   6                     /* all of it is here, installed is said; it does not run */

mtype = { MSG, PUBLISH, MARK, FLUSH, FLUSHED, STATE, END, TABLE, PREPARE, HOLD, ABORT, PEER, PREPARED, REFUSED, INSTALLED };
chan link[9] = [9] of { mtype, byte, byte, byte, byte };   /* kind, a, b, move, epoch */
chan down[3] = [9] of { mtype, byte, byte, byte, byte };   /* the master's word */
chan up[3]   = [6] of { mtype, byte };                     /* to the master: kind, move */
#define L(p,q)   link[(p)*3+(q)]
#define GONE(w,p) ended[(w)*3+(p)]      /* w has no link with p: read to its end, or not made yet */
#define ENDS(w)  (GONE(w,0) + 2*GONE(w,1) + 4*GONE(w,2))
#define I(w,u)   ((w)*2+(u))

/* Processes. Queues are sets of numbers: each has one writer, and order of arrival is checked where one is filled. */
byte epoch[3];
byte host[6];                           /* the table as w has it */
byte st[6];
byte move[6];                           /* of the unit that leaves or arrives here */
byte mail[6];                           /* waits in the mailbox, late mail too */
byte outbound[6];                       /* what the unit had sent, and goes along with it */
byte hold[6];                           /* the move for which the unit is on hold here */
byte held[6];
byte since[3];                          /* unit 0 subscribes here since this epoch */
bool ended[9], dead[3];
/* Moves; what an order says is the same for all who read it. */
#define MOVES (M0 + M1 + 1)
byte unit[MOVES], from[MOVES], to[MOVES], marked[MOVES], flushed[MOVES];
/* The master. */
byte now = 1, place[2], under[2], lastMove;      /* under: the move of the unit */
bool isHolding[2], seen[3];
byte left[2], crashes, forks, expiries, refusals;
/* Ghosts. */
byte sent[2], last[2], done[2], lost[2], living[2];
bool probe, diedWith[3];

#define IDX(m)  (X_NO_IDS -> 0 : m)
#define IS(m,n) ((m) == (n) || X_NO_IDS)

inline post(c_, k_, x_, y_, m_, e_) { assert(nfull(c_)); c_!k_(x_, y_, m_, e_) }
inline tell(p_, k_, x_, y_, m_, f_) { if :: !dead[p_] -> assert(nfull(down[p_])); down[p_]!k_(x_, y_, m_, f_) :: else fi }
inline report(w_, k_, m_) { assert(nfull(up[w_])); up[w_]!k_(m_) }
inline begin_life(w, u) { assert(living[u] == 0); living[u]++; st[I(w,u)] = LIVE }          /* promise 1 */
inline into_mailbox(w, u, n) {                                                            /* promises 2 and 3 */
  assert(n > last[u] && (mail[I(w,u)] >> n) == 0); mail[I(w,u)] = mail[I(w,u)] | BIT(n) }
inline put_aside(q_, n_) { assert((q_ >> n_) == 0 || MUT); q_ = q_ | BIT(n_) }
inline turn(w, u) {
  n = 1; do :: mail[I(w,u)] & BIT(n) -> break :: else -> n++ od;
  assert(n > last[u]); last[u] = n; done[u] = done[u] | BIT(n); mail[I(w,u)] = mail[I(w,u)] & ~BIT(n); n = 0 }

/* ---------------------------------------------------------------- the way of a message within a process */
inline fresh_life(w, u) {
  begin_life(w, u); mail[I(w,u)] = 0; outbound[I(w,u)] = 0;
  if :: (u) == 0 && PUB && !X_PUB_FRESH_ANY -> since[w] = epoch[w] :: else fi }
inline hand_in(w, u, n) {                        /* its host is here */
  if
  :: st[I(w,u)] == LIVE || st[I(w,u)] == QUIESCING -> into_mailbox(w, u, n)
  :: st[I(w,u)] == QUIESCENT || st[I(w,u)] == HELD -> if :: X_LATE_DROPPED :: else -> into_mailbox(w, u, n) fi
  :: st[I(w,u)] == SENT -> put_aside(held[I(w,u)], n)
  :: st[I(w,u)] == NONE && !hold[I(w,u)] -> fresh_life(w, u); into_mailbox(w, u, n)
  :: else -> NEVER
  fi }
inline route(w, u, n) {
  if
  :: hold[I(w,u)] || held[I(w,u)] || GONE(w, host[I(w,u)]) -> put_aside(held[I(w,u)], n)
  :: else -> if :: host[I(w,u)] == w -> hand_in(w, u, n) :: else -> post(L(w, host[I(w,u)]), MSG, n, u, 0, epoch[w]) fi
  fi }
inline arrive(w, u, n) { if :: host[I(w,u)] == w -> hand_in(w, u, n) :: else -> NEVER; route(w, u, n) fi }
inline route_all(w, u, set_) {                   /* in order; the set is empty then */
  n = 1; do :: n <= COUNT(u) && (set_ & BIT(n)) -> set_ = set_ & ~BIT(n); route(w, u, n); n++
            :: n <= COUNT(u) && !(set_ & BIT(n)) -> n++
            :: n > COUNT(u) -> break od; n = 0 }
inline release(w, u) {
  if :: !hold[I(w,u)] && held[I(w,u)] && !GONE(w, host[I(w,u)]) ->
        i = held[I(w,u)]; held[I(w,u)] = 0; route_all(w, u, i); i = 0
     :: else fi }
#define SUBSCRIBES(w) (st[I(w,0)] >= LIVE && st[I(w,0)] <= SENT)
#define APART(w) (hold[I(w,0)] && !X_PUB_NOT_HELD && !(X_PUB_FROM_HOLD && st[I(w,0)] == QUIESCENT))
inline publish(w, n) {                           /* to all others; where the subscriber moves, a copy waits for it here */
  p = 0; do :: p < 3 && p != w && !GONE(w, p) -> post(L(w, p), PUBLISH, n, APART(w), 0, epoch[w]); p++
            :: p < 3 && (p == w || GONE(w, p)) -> p++
            :: p == 3 -> break od; p = 0;
  if
  :: APART(w) -> route(w, 0, n)
  :: !APART(w) && SUBSCRIBES(w) -> hand_in(w, 0, n)
  :: else -> if :: GONE(w, host[I(w,0)]) -> lost[0] = lost[0] | BIT(n) :: else fi     /* its subscriber has died */
  fi }
inline published(w, p, n, apart, ep) {
  if :: X_PUB_FRAME_EPOCH && epoch[p] <= epoch[w] -> if :: ep = epoch[p] :: skip fi :: else fi;
  if
  :: !SUBSCRIBES(w) || (since[w] > ep && !X_PUB_NO_SINCE)
  :: else -> if
     :: apart && !X_PUB_BY_MARKER && !X_PUB_NOT_EXEMPT
     :: X_PUB_BY_MARKER && (st[I(w,0)] == HELD || st[I(w,0)] == SENT) && (marked[move[I(w,0)]] & BIT(p))
     :: else -> hand_in(w, 0, n)
     fi
  fi }

/* ---------------------------------------------------------------- one process's part in a move */
inline becomes_quiescent(w, u) {                 /* from now on new mail for it is held, and what is its own goes along */
  st[I(w,u)] = QUIESCENT; living[u]--; m = move[I(w,u)]; hold[I(w,u)] = m;
  if :: !X_HELD_STAYS && !X_HELD_LATE -> outbound[I(w,u)] = held[I(w,1-u)]; held[I(w,1-u)] = 0 :: else fi;
  flushed[m] = BIT(w); if :: !X_END_NOT_COUNTED -> flushed[m] = flushed[m] | ENDS(w) :: else fi;
  if
  :: COUNT(1-u) -> p = 0;
     do :: p < 3 && p != w && !GONE(w, p) -> post(L(w, p), FLUSH, 0, 0, m, epoch[w]); p++
        :: p < 3 && (p == w || GONE(w, p)) -> p++
        :: p == 3 -> break od; p = 0
  :: else -> flushed[m] = 7                      /* one that sends nothing has nothing to flush */
  fi;
  report(w, PREPARED, m); m = 0 }
inline take_hold(w, m) {
  hold[I(w,unit[m])] = m;
  if
  :: from[m] == w -> st[I(w,unit[m])] = HELD; marked[IDX(m)] = marked[IDX(m)] | BIT(w);
     if :: !X_END_NOT_COUNTED -> marked[IDX(m)] = marked[IDX(m)] | ENDS(w) :: else fi
  :: from[m] != w && !GONE(w, from[m]) -> post(L(w, from[m]), MARK, 0, 0, IDX(m), epoch[w])
  :: else
  fi }
inline hand_over(w, u) {
  if :: X_HELD_LATE -> outbound[I(w,u)] = held[I(w,1-u)]; held[I(w,1-u)] = 0 :: else fi;
  st[I(w,u)] = SENT; m = move[I(w,u)]; marked[IDX(m)] = 0; flushed[m] = 0;
  if :: !GONE(w, to[m]) -> post(L(w, to[m]), STATE, mail[I(w,u)], outbound[I(w,u)], m, epoch[w]) :: else fi; m = 0 }
inline take_transfer(w, m, set, own) {
  if
  :: IS(hold[I(w,unit[m])], m) && hold[I(w,unit[m])] && st[I(w,unit[m])] == NONE ->
     st[I(w,unit[m])] = ARRIVED; move[I(w,unit[m])] = m; mail[I(w,unit[m])] = set; outbound[I(w,unit[m])] = own;
     report(w, INSTALLED, m);
     if :: X_RUN_AT_INSTALL -> begin_life(w, unit[m]) :: else fi
  :: else                                        /* of a move that has ended */
  fi }
inline forget(w, u) { st[I(w,u)] = NONE; move[I(w,u)] = 0; mail[I(w,u)] = 0; outbound[I(w,u)] = 0; if :: (u) == 0 -> since[w] = 0 :: else fi }
inline let_out(w, u) { i = outbound[I(w,u)]; outbound[I(w,u)] = 0; v = 1-u; route_all(w, v, i); v = 0; i = 0 }
inline has_moved(w, u) {
  if
  :: st[I(w,u)] >= QUIESCENT && st[I(w,u)] <= SENT -> forget(w, u)
  :: st[I(w,u)] == ARRIVED -> begin_life(w, u); move[I(w,u)] = 0; if :: (u) == 0 && PUB -> since[w] = epoch[w] :: else fi; let_out(w, u)
  :: else
  fi }
inline is_aborted(w, u) {                        /* what it had sent goes first, then it goes on, then what was held */
  if
  :: st[I(w,u)] == QUIESCING -> st[I(w,u)] = LIVE; move[I(w,u)] = 0
  :: st[I(w,u)] >= QUIESCENT && st[I(w,u)] <= SENT ->
     begin_life(w, u); marked[IDX(move[I(w,u)])] = 0; flushed[move[I(w,u)]] = 0; move[I(w,u)] = 0;
     if :: !X_RESUME_FIRST -> let_out(w, u) :: else fi
  :: st[I(w,u)] == ARRIVED -> forget(w, u)
  :: else
  fi }

/* ---------------------------------------------------------------- what a process reads */
inline count_end(w, u, p) {
  if :: X_END_NOT_COUNTED
     :: else ->
        if :: st[I(w,u)] >= QUIESCENT && st[I(w,u)] <= HELD -> flushed[move[I(w,u)]] = flushed[move[I(w,u)]] | BIT(p) :: else fi;
        if :: st[I(w,u)] == HELD -> marked[IDX(move[I(w,u)])] = marked[IDX(move[I(w,u)])] | BIT(p) :: else fi
  fi }
inline take_back(w, u, n, o) {                   /* never written: before all that waits; o: what waited before */
  if
  :: st[I(w,1-u)] >= QUIESCENT && st[I(w,1-u)] <= HELD && !X_TAIL_STAYS && !X_HELD_STAYS ->
     assert((o & (BIT(n) - 1)) == 0 || MUT); outbound[I(w,1-u)] = outbound[I(w,1-u)] | BIT(n)
  :: else -> if :: st[I(w,1-u)] == SENT -> NEVER :: else fi;
     if
     :: hold[I(w,u)] || held[I(w,u)] -> assert((o & (BIT(n) - 1)) == 0 || MUT); held[I(w,u)] = held[I(w,u)] | BIT(n)
     :: else -> route(w, u, n)
     fi
  fi }
#define WAITS(w,u) (held[I(w,u)] | outbound[I(w,1-u)])
inline link_end(w, p) {
  GONE(w, p) = true;
  count_end(w, 0, p); count_end(w, 1, p);
  q = 0; i = WAITS(w, 0); o = WAITS(w, 1);
  do
  :: nempty(L(w, p)) ->
     if :: !q -> if :: q = 1 :: skip fi :: else fi;            /* from some frame on nothing was written */
     L(w, p)?k, a, b, m, e;
     if
     :: k == MSG && !q -> lost[b] = lost[b] | BIT(a)
     :: k == MSG && q -> if :: b == 0 -> x = i :: else -> x = o fi; take_back(w, b, a, x); x = 0
     :: k == PUBLISH && diedWith[p] -> lost[0] = lost[0] | BIT(a)
     :: else
     fi
  :: empty(L(w, p)) -> break
  od; q = 0; i = 0; o = 0;
  if :: X_NO_READ_TO_END -> u = 0; do :: u < 2 -> release(w, u); u++ :: u == 2 -> break od; u = 0 :: else fi }
inline read_link(w, from_) {
  L(from_, w)?k, a, b, m, e;
  if
  :: k == MSG     -> arrive(w, b, a)
  :: k == PUBLISH -> published(w, from_, a, b, e)
  :: k == MARK    -> marked[m] = marked[m] | BIT(from_)
  :: k == FLUSH   -> if :: !GONE(w, from_) -> post(L(w, from_), FLUSHED, 0, 0, m, epoch[w]) :: else fi
  :: k == FLUSHED -> flushed[m] = flushed[m] | BIT(from_)
  :: k == STATE   -> take_transfer(w, m, a, b)
  :: k == END     -> link_end(w, from_)
  fi;
  k = 0; a = 0; b = 0; m = 0; e = 0 }
inline unit_changes(w, u, f) { if :: (f >> (u)) & 1 -> has_moved(w, u) :: (f >> (u)) & 4 -> is_aborted(w, u) :: else fi }
inline unit_begins(w, u) {                       /* lost with its process and placed here */
  if :: host[I(w,u)] == w && st[I(w,u)] == NONE -> fresh_life(w, u) :: else fi }
inline hold_ends(w, u, f) { if :: X_ANY_TABLE || ((f >> (u)) & 5) -> hold[I(w,u)] = 0 :: else fi }
inline take_table(w, ep, hosts, f) {
  epoch[w] = ep; host[I(w,0)] = hosts % 4; host[I(w,1)] = hosts / 4;
  u = 0; do :: u < 2 -> unit_changes(w, u, f); u++ :: u == 2 -> break od;
  u = 0; do :: u < 2 -> unit_begins(w, u); u++ :: u == 2 -> break od;
  hold_ends(w, 0, f); hold_ends(w, 1, f);
  u = 0; do :: u < 2 -> release(w, u); u++ :: u == 2 -> break od; u = 0 }
inline end_move(w, u, m) {
  if :: hold[I(w,u)] == m || move[I(w,u)] == m -> is_aborted(w, u); hold[I(w,u)] = 0; release(w, u) :: else fi }
inline read_control(w) {
  down[w]?k, a, b, m, e;
  if
  :: k == TABLE   -> take_table(w, a, b, e)
  :: k == PREPARE -> if :: st[I(w,unit[m])] == LIVE -> st[I(w,unit[m])] = QUIESCING; move[I(w,unit[m])] = m :: else -> NEVER fi
  :: k == HOLD    -> take_hold(w, m)
  :: k == ABORT  -> u = unit[m]; end_move(w, u, m); u = 0
  :: k == PEER    -> GONE(w, a) = false
  fi;
  k = 0; a = 0; b = 0; m = 0; e = 0 }

/* ---------------------------------------------------------------- processes */
#define AT(c,w,d) c?[k, a, b, m, eval(epoch[w] + d)]
#define AHEAD(c,w) (!X_NO_EPOCH_WAIT && (AT(c,w,1) || AT(c,w,2) || AT(c,w,3) || AT(c,w,4) || AT(c,w,5)))
#define READS(p,w) (p != w && !GONE(w,p) && nempty(L(p,w)) && !AHEAD(L(p,w), w))
/* A table that declares p dead (c: p + 1, in the place of the move) waits for the end of p's link. */
#define UNREAD(w,p) (down[w]?[TABLE, a, b, eval(p+1), e] && !GONE(w,p) && !X_NO_READ_TO_END)
#define ALLMARKED(w,u)  (X_NO_MARKERS || marked[IDX(move[I(w,u)])] == 7)
#define ALLFLUSHED(w,u) (X_NO_FLUSH || flushed[move[I(w,u)]] == 7)
#define RUNS(w,u) (st[I(w,u)] == LIVE || st[I(w,u)] == QUIESCING)
#define MAYSEND(u) (COUNT(u) && (sent[u] < COUNT(u) - 1 || (probe && sent[u] < COUNT(u))))
#define CANSEND(w,u)  (RUNS(w,u) && MAYSEND(1-(u)))
#define CANTURN(w,u)  (RUNS(w,u) && mail[I(w,u)])
#define CANREFUSE(w,u) (st[I(w,u)] == QUIESCING && refusals < BUSY)
#define CANGO(w,u)    (st[I(w,u)] == HELD && ALLMARKED(w,u) && ALLFLUSHED(w,u))
#define CANLETOUT(w,u) (X_RESUME_FIRST && RUNS(w,u) && outbound[I(w,u)])
#define EITHER(c,w) !dead[w] && (c(w,0) || c(w,1)) -> if :: c(w,0) -> u = 0 :: c(w,1) -> u = 1 fi
#define QUIESCES(w,u)  (st[I(w,u)] == QUIESCING)
proctype Process(byte w) {
  mtype k; byte a, b, m, e, n, p, q, i, o, u, v, x;
  end: do
  :: atomic { EITHER(CANSEND, w); v = 1-u; u = 0; sent[v]++; n = sent[v];
       if :: v == 0 && (PUB & BIT(n)) -> b = n; publish(w, b) :: else -> b = n; route(w, v, b) fi; v = 0; n = 0; b = 0 }
  :: atomic { EITHER(CANTURN, w); turn(w, u); u = 0 }
  :: atomic { EITHER(QUIESCES, w); becomes_quiescent(w, u); u = 0 }
  :: atomic { EITHER(CANREFUSE, w); refusals++; st[I(w,u)] = LIVE; report(w, REFUSED, move[I(w,u)]); move[I(w,u)] = 0; u = 0 }
  :: atomic { EITHER(CANGO, w); hand_over(w, u); u = 0 }
  :: atomic { EITHER(CANLETOUT, w); let_out(w, u); u = 0 }
  :: atomic { !dead[w] && (READS(0,w) || READS(1,w) || READS(2,w)) ->
       if :: READS(0,w) -> v = 0 :: READS(1,w) -> v = 1 :: READS(2,w) -> v = 2 fi; read_link(w, v); v = 0 }
  :: atomic { !dead[w] && nempty(down[w]) && !UNREAD(w,0) && !UNREAD(w,1) && !UNREAD(w,2) -> read_control(w) }
  od }

/* ---------------------------------------------------------------- the master */
#define IN(p,d) (p == d || dead[p] || !GONE(p,d))
#define LINKED(d) (!seen[d] && IN(0,d) && IN(1,d) && IN(2,d))
inline pick(z_) { if :: LINKED(0) -> z_ = 0 :: LINKED(1) -> z_ = 1 :: LINKED(2) -> z_ = 2 fi }
inline new_table(d_, g_) {
  now++; assert(now <= 6); if :: dead[place[0]] -> diedWith[place[0]] = true :: else fi;
  tell(0, TABLE, now, place[0] + 4*place[1], d_, g_); tell(1, TABLE, now, place[0] + 4*place[1], d_, g_);
  tell(2, TABLE, now, place[0] + 4*place[1], d_, g_) }
inline to_all(t_, i_) { tell(0, t_, 0, 0, i_, 0); tell(1, t_, 0, 0, i_, 0); tell(2, t_, 0, 0, i_, 0) }
inline begin_move(u) {
  left[u]--; pick(z);
  if :: z != place[u] ->
        lastMove++; under[u] = lastMove; unit[lastMove] = u; from[lastMove] = place[u]; to[lastMove] = z;
        tell(place[u], PREPARE, 0, 0, lastMove, 0)
     :: else fi; z = 0 }
inline over(u) { under[u] = 0; isHolding[u] = false }
inline end_by_stay(u) {
  if :: isHolding[u] -> to_all(ABORT, under[u]) :: else -> tell(place[u], ABORT, 0, 0, under[u], 0) fi; over(u) }
inline hear(w, k, m) {
  if
  :: under[unit[m]] != 0 && IS(under[unit[m]], m) ->
     if
     :: k == PREPARED && !isHolding[unit[m]] && from[under[unit[m]]] == w -> isHolding[unit[m]] = true; to_all(HOLD, under[unit[m]])
     :: k == INSTALLED && to[under[unit[m]]] == w && isHolding[unit[m]] ->
        place[unit[m]] = to[under[unit[m]]]; over(unit[m]); new_table(0, BIT(unit[m]))
     :: k == REFUSED && from[under[unit[m]]] == w -> over(unit[m])      /* nobody holds yet */
     :: else
     fi
  :: else                                        /* of a move that has ended */
  fi }
inline replace(d, u) {                           /* adds to z what the death of d means for the unit */
  if
  :: place[u] == d && isHolding[u] -> z = z | BIT(u); if :: X_ELSEWHERE -> pick(y); place[u] = y :: else -> place[u] = to[under[u]] fi; over(u)
  :: place[u] == d && !isHolding[u] -> if :: under[u] -> z = z | (4 << u); over(u) :: else fi; pick(y); place[u] = y
  :: place[u] != d && under[u] && to[under[u]] == d -> z = z | (4 << u); over(u)
  :: else
  fi; y = 0 }
inline declare_dead(d) {
  seen[d] = true; do :: nempty(up[d]) -> up[d]?k, m :: empty(up[d]) -> break od;
  replace(d, 0); replace(d, 1); m = d + 1; new_table(m, z); z = 0; k = 0; m = 0 }
inline stands(d, u) {
  if :: isHolding[u] && !X_HOLDS_NOT_TOLD ->
        hold[I(d,u)] = under[u]; if :: !GONE(d, from[under[u]]) -> post(L(d, from[under[u]]), MARK, 0, 0, IDX(under[u]), now) :: else fi
     :: else fi }
inline welcome(d, p, q) {                        /* table, holds and peers; the others are told to expect it */
  forks++; dead[d] = false; seen[d] = false; epoch[d] = now; host[I(d,0)] = place[0]; host[I(d,1)] = place[1];
  GONE(d,p) = dead[p]; GONE(d,q) = dead[q]; stands(d, 0); stands(d, 1);
  tell(p, PEER, d, 0, 0, 0); tell(q, PEER, d, 0, 0, 0) }
#define READ_TO_END(p,d) (dead[p] || GONE(p,d))
#define OTHER(d)   ((d + 1) % 3)
#define THIRD(d)   ((d + 2) % 3)
#define HEARS(d)   (nempty(up[d]) && !seen[d])
#define DECLARES_DEAD(d)  (dead[d] && !seen[d])
#define FORKS(d)   (forks < RF && dead[d] && seen[d] && READ_TO_END(OTHER(d),d) && READ_TO_END(THIRD(d),d))
#define ANYOF(c)   (c(0) || c(1) || c(2)) -> if :: c(0) -> d = 0 :: c(1) -> d = 1 :: c(2) -> d = 2 fi
#define MOVES_(u)  (left[u] && !under[u] && !seen[place[u]])
#define ENDS_(u)   (expiries < EX && under[u])
proctype Master() {
  mtype k; byte m, z, y, d;
  end: do
  :: atomic { (MOVES_(0) || MOVES_(1)) -> if :: MOVES_(0) -> d = 0 :: MOVES_(1) -> d = 1 fi; begin_move(d); d = 0 }
  :: atomic { (ENDS_(0) || ENDS_(1)) -> if :: ENDS_(0) -> d = 0 :: ENDS_(1) -> d = 1 fi; expiries++; end_by_stay(d); d = 0 }
  :: atomic { ANYOF(HEARS); up[d]?k, m; hear(d, k, m); d = 0; k = 0; m = 0 }
  :: atomic { ANYOF(DECLARES_DEAD); declare_dead(d); d = 0 }
  :: atomic { ANYOF(FORKS); y = OTHER(d); z = THIRD(d); welcome(d, y, z); d = 0; y = 0; z = 0 }
  od }

/* ---------------------------------------------------------------- SIGKILL at any moment */
#define LOSE(a,b) if :: k == MSG -> lost[b] = lost[b] | BIT(a) :: k == PUBLISH -> lost[0] = lost[0] | BIT(a) :: else fi
inline cut(d, p) {                               /* the end of each link was still in its memory; then its end */
  c = len(L(d, p)); q = 1;
  do
  :: c > 0 -> if :: q -> if :: q = 0 :: skip fi :: else fi;
     L(d, p)?k, a, b, m, e;
     if :: q && !dead[p] -> L(d, p)!k, a, b, m, e :: else -> LOSE(a, b) fi; c--
  :: c == 0 -> break
  od; q = 0;
  if :: !dead[p] -> post(L(d, p), END, 0, 0, 0, 0) :: else fi }
inline drain(p, d) { do :: dead[p] && nempty(L(p, d)) -> L(p, d)?k, a, b, m, e; LOSE(a, b) :: !dead[p] || empty(L(p, d)) -> break od }
inline unit_dies(d, u) {
  lost[u] = lost[u] | mail[I(d,u)] | held[I(d,u)]; lost[1-u] = lost[1-u] | outbound[I(d,u)];
  if :: RUNS(d,u) -> living[u]-- :: else fi;
  if :: (u) == 0 && (SUBSCRIBES(d) || place[0] == d) -> diedWith[d] = true :: else fi;
  forget(d, u); hold[I(d,u)] = 0; held[I(d,u)] = 0 }
inline kill(d, p, q_) {
  crashes++; dead[d] = true; diedWith[d] = false; unit_dies(d, 0); unit_dies(d, 1);
  do :: nempty(down[d]) -> down[d]?k, a, b, m, e :: empty(down[d]) -> break od;
  c = len(up[d]); q = 1;
  do :: c > 0 -> if :: q -> if :: q = 0 :: skip fi :: else fi; up[d]?k, a; if :: q -> up[d]!k, a :: else fi; c-- :: c == 0 -> break od;
  cut(d, p); cut(d, q_); drain(p, d); drain(q_, d);
  GONE(d,p) = true; GONE(d,q_) = true;
  k = 0; a = 0; b = 0; m = 0; e = 0; c = 0; q = 0 }
proctype Fate() {
  mtype k; byte a, b, m, e, c, q, d, p, r;
  end: do
  :: atomic { crashes < CR && (!dead[0] || !dead[1] || !dead[2]) ->
       if :: !dead[0] -> d = 0 :: !dead[1] -> d = 1 :: !dead[2] -> d = 2 fi; p = OTHER(d); r = THIRD(d); kill(d, p, r); d = 0; p = 0; r = 0 }
  od }

#define QUIET(u) (living[u] == 1 && st[I(place[u],u)] == LIVE && !held[I(0,u)] && !held[I(1,u)] && !held[I(2,u)])
init {
  atomic {
    if :: place[1] = 0 :: place[1] = 1 fi;       /* unit 0 begins on process 0, unit 1 beside it or elsewhere */
    left[0] = M0; left[1] = M1; living[0] = 1; living[1] = 1;
    st[I(0,0)] = LIVE; st[I(place[1],1)] = LIVE;
    host[I(0,1)] = place[1]; host[I(1,1)] = place[1]; host[I(2,1)] = place[1];
    epoch[0] = 1; epoch[1] = 1; epoch[2] = 1;
    if :: ABSENT -> dead[2] = true; seen[2] = true; GONE(0,2) = true; GONE(1,2) = true; GONE(2,0) = true; GONE(2,1) = true :: else fi;
    run Process(0); run Process(1); run Process(2); run Master();
    if :: CR -> run Fate() :: else fi }
  timeout -> probe = true;                       /* quiet: all moves and deaths are over */
  timeout -> assert(QUIET(0) && QUIET(1) && !under[0] && !under[1]);                      /* nothing is stuck */
  assert((done[0] & BIT(N0)) && (N1 == 0 || (done[1] & BIT(N1))));
  assert((done[0] | lost[0]) == ALL(0) && (done[1] | lost[1]) == ALL(1)) }               /* promise 4 */
