%% Erlang on the same scenarios. Prints one line of JSON a metric, as the other programs do; erlang.mjs starts it.
-module(erlang_peer).
-export([local/0, between/1, counter/1]).

seconds() -> list_to_float(os:getenv("BENCH_SECONDS", "0.5")).
name() -> os:getenv("BENCH_NAME", "erlang").
wants(Scenario) -> lists:member(Scenario, string:split(os:getenv("BENCH_ONLY", ""), ",", all)).
micros() -> erlang:monotonic_time(microsecond).

report(Scenario, Metric, Unit, Value) ->
    io:format("{\"name\":\"~s\",\"scenario\":\"~s\",\"metric\":\"~s\",\"unit\":\"~s\",\"value\":~.3f}~n",
              [name(), Scenario, Metric, Unit, float(Value)]).

took(Run, N) -> From = micros(), Run(N), max(1, micros() - From) / 1.0e6.

calibrate(Run, N, Warm) ->
    Took = took(Run, N),
    case Took < seconds() / 3 orelse Warm + Took < 0.6 of
        true -> calibrate(Run, max(1, ceil(N * min(8.0, seconds() / 2 / Took))), Warm + Took);
        false -> max(1, round(N * seconds() / Took))
    end.

rate(Scenario, Metric, Unit, Per, First, Run) ->
    N = calibrate(Run, First, 0.0),
    erlang:garbage_collect(),
    report(Scenario, Metric, Unit, N * Per / took(Run, N)).

counter(Count) ->
    receive
        {inc, _} -> counter(Count + 1);
        {inc, _, _} -> counter(Count + 1);
        {take, From, Tag} -> From ! {Tag, Count}, counter(0);
        {echo, From, Tag, N} -> From ! {Tag, N}, counter(Count);
        stop -> ok
    end.

take(To) -> Tag = make_ref(), To ! {take, self(), Tag}, receive {Tag, Count} -> Count end.
echo(To, N) -> Tag = make_ref(), To ! {echo, self(), Tag, N}, receive {Tag, N} -> N end.

send_all(_, _, 0) -> ok;
send_all(To, Message, N) -> To ! Message, send_all(To, Message, N - 1).

%% A process of its own sends, so that its mailbox holds nothing else.
tells(To, Message, N) ->
    Me = self(),
    Sender = spawn(fun() -> send_all(To, Message, N), Me ! {self(), take(To)} end),
    receive {Sender, N} -> ok; {Sender, Got} -> exit({expected, N, got, Got}) end.

asks(To, N, InFlight) ->
    First = min(N, InFlight),
    [To ! {echo, self(), window, 1} || _ <- lists:seq(1, First)],
    window(To, N - First, First).
window(_, 0, 0) -> ok;
window(To, 0, Waiting) -> receive {window, _} -> window(To, 0, Waiting - 1) end;
window(To, Left, Waiting) ->
    receive {window, _} -> To ! {echo, self(), window, 1}, window(To, Left - 1, Waiting) end.

ping_pong(N) ->
    Me = self(),
    Pong = spawn(fun Loop() -> receive {ping, From, At} -> From ! {pong, At}, Loop(); stop -> ok end end),
    spawn(fun() -> ping(Pong, N), Me ! pinged end),
    receive pinged -> Pong ! stop end.
ping(_, 0) -> ok;
ping(Pong, N) -> Pong ! {ping, self(), N}, receive {pong, N} -> ping(Pong, N - 1) end.

fan_out(Rounds) ->
    Me = self(),
    spawn(fun() ->
        Hub = self(),
        Leaves = [spawn(fun Leaf() -> receive {inc, N} -> Hub ! {ack, N}, Leaf(); stop -> ok end end)
                  || _ <- lists:seq(1, 1000)],
        [begin
             [Leaf ! {inc, 1} || Leaf <- Leaves],
             [receive {ack, _} -> ok end || _ <- Leaves]
         end || _ <- lists:seq(1, Rounds)],
        [Leaf ! stop || Leaf <- Leaves],
        Me ! fanned_out
    end),
    receive fanned_out -> ok end.

ring(N) ->
    Me = self(),
    Node = fun Loop(Next) ->
        receive
            {token, 0} -> Me ! round_done, Loop(Next);
            {token, Left} -> Next ! {token, Left - 1}, Loop(Next);
            {next, Other} -> Loop(Other);
            stop -> ok
        end
    end,
    First = spawn(fun() -> Node(none) end),
    Others = lists:foldl(fun(_, [Next | _] = All) -> [spawn(fun() -> Node(Next) end) | All] end, [First], lists:seq(2, 503)),
    First ! {next, hd(Others)},
    First ! {token, N},
    receive round_done -> [Each ! stop || Each <- Others] end.

spawning(N) ->
    Me = self(),
    erlang:garbage_collect(),
    Before = erlang:memory(total),
    From = micros(),
    All = [begin
               To = spawn(fun() -> receive {inc, _} -> Me ! handled, counter(1) end end),
               To ! {inc, 1},
               To
           end || _ <- lists:seq(1, N)],
    [receive handled -> ok end || _ <- All],
    Took = (micros() - From) / 1.0e6,
    report("S3", "spawn and tell", "actors/s", N / Took),
    report("S3", "heap per idle actor", "B", (erlang:memory(total) - Before) / N),
    [To ! stop || To <- All].

local() ->
    To = spawn(?MODULE, counter, [0]),
    wants("S1") andalso rate("S1", "tell", "msg/s", 1, 10000, fun(N) -> tells(To, {inc, 1}, N) end),
    wants("S2") andalso rate("S2", "ping-pong", "rt/s", 1, 10000, fun ping_pong/1),
    wants("S2") andalso rate("S2", "ask sequential", "asks/s", 1, 10000, fun(N) -> [echo(To, 1) || _ <- lists:seq(1, N)] end),
    wants("S2") andalso rate("S2", "ask, 256 in flight", "asks/s", 1, 10000, fun(N) -> asks(To, N, 256) end),
    wants("S3") andalso spawning(100000),
    wants("S6") andalso rate("S6", "fan-out 1-1000-1", "msg/s", 2000, 3, fun fan_out/1),
    wants("S7") andalso rate("S7", "thread ring 503", "hops/s", 1, 10000, fun ring/1),
    halt(0).

between(Other) ->
    [net_adm:ping(Other) =:= pong orelse timer:sleep(100) || _ <- lists:seq(1, 50)],
    pong = net_adm:ping(Other),
    To = spawn(Other, ?MODULE, counter, [0]),
    Blob = binary:copy(<<"x">>, 1000),
    wants("S4") andalso rate("S4", "tell small", "msg/s", 1, 2000, fun(N) -> tells(To, {inc, 1}, N) end),
    wants("S4") andalso rate("S4", "tell 1 KB", "msg/s", 1, 2000, fun(N) -> tells(To, {inc, 1, Blob}, N) end),
    wants("S4") andalso rate("S4", "tell small, both ways", "msg/s", 2, 2000, fun(N) -> both_ways(Other, To, N) end),
    wants("S5") andalso latencies(To),
    wants("S5") andalso rate("S5", "ask, 256 in flight", "asks/s", 1, 2000, fun(N) -> asks(To, N, 256) end),
    rpc:cast(Other, erlang, halt, [0]),
    timer:sleep(100),
    halt(0).

both_ways(Other, To, N) ->
    Me = self(),
    Here = spawn(?MODULE, counter, [0]),
    spawn(Other, fun() -> send_all(Here, {inc, 1}, N), N = take(Here), Me ! answered end),
    tells(To, {inc, 1}, N),
    receive answered -> Here ! stop end.

latencies(To) ->
    Until = fun(For) -> micros() + round(For * 1.0e6) end,
    asked_until(To, Until(0.6), []),
    All = lists:sort(asked_until(To, Until(seconds()), [])),
    At = fun(Part) -> lists:nth(max(1, round(length(All) * Part)), All) / 1000 end,
    report("S5", "ask p50", "us", At(0.5)),
    report("S5", "ask p99", "us", At(0.99)).
asked_until(To, Until, All) ->
    From = erlang:monotonic_time(nanosecond),
    echo(To, 1),
    Took = erlang:monotonic_time(nanosecond) - From,
    case micros() < Until of
        true -> asked_until(To, Until, [Took | All]);
        false -> [Took | All]
    end.
