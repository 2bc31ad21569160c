%% Load on a Raft library of Erlang or Elixir: closed-loop clients in the leader's node or in one of
%% their own. The library itself is a module of the behaviour below (ra_load, reference_load).
%% Prints a JSON object {"1": {"per_second": ..., "p50_us": ..., "p99_us": ...}, ...} by number of
%% clients.
%%
%%   erlc -o EBIN erlang_load.erl; erlc -pa EBIN -pa LIBS/.../ebin -o EBIN MODULE.erl
%%   ERL_EPMD_ADDRESS=127.0.0.1 ERL_LIBS=LIBS erl -noinput -pa EBIN -name load@127.0.0.1
%%     -kernel inet_dist_use_interface '{127,0,0,1}' -run erlang_load main MODULE
%%     DIR command|query inside|outside|together MILLISECONDS BYTES N,N..
%%
%% "together": all three members in the node of the clients.
-module(erlang_load).
-export([main/1, measure/1]).

%% On each node, before anything else. Files belong into the directory.
-callback start_node(Dir :: file:name()) -> ok.
%% A group with a member on each of the nodes, which may be the same; returns whom to ask.
-callback start_group([node()]) -> Leader :: {atom(), node()}.
%% Waits for the answer.
-callback ask(Leader :: term(), command | query, Data :: binary()) -> ok.

-record(ask, {library, kind, leader, clients, bytes, milliseconds}).

main([Library, Dir, Kind, Where, Milliseconds, Bytes, Clients]) ->
    logger:set_primary_config(level, error),
    Module = list_to_atom(Library),
    Nodes = nodes_for(Where, Module, Dir),
    [pong = erpc:call(One, net_adm, ping, [Other]) || One <- Nodes, Other <- Nodes],
    {_, LeaderNode} = Leader = Module:start_group(Nodes),
    On = case Where of "inside" -> LeaderNode; _ -> node() end,
    Rows = [row(On, #ask{library = Module, kind = list_to_atom(Kind), leader = Leader,
                         clients = list_to_integer(N), bytes = list_to_integer(Bytes),
                         milliseconds = list_to_integer(Milliseconds)})
            || N <- string:tokens(Clients, ",")],
    io:format("{~s}~n", [lists:join(", ", Rows)]),
    halt(0).

nodes_for("together", Module, Dir) ->
    ok = Module:start_node(Dir),
    [node(), node(), node()];
nodes_for(_, Module, Dir) ->
    [start(Module, Dir, Number) || Number <- [1, 2, 3]].

start(Module, Dir, Number) ->
    Name = "member" ++ integer_to_list(Number),
    {ok, _, Node} = peer:start(#{name => list_to_atom(Name), host => "127.0.0.1", longnames => true,
                                 args => ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]}),
    ok = erpc:call(Node, code, add_paths, [code:get_path()]),
    ok = erpc:call(Node, Module, start_node, [filename:join(Dir, Name)]),
    Node.

row(On, Ask) ->
    {PerSecond, P50, P99} = erpc:call(On, ?MODULE, measure, [Ask], infinity),
    io_lib:format("\"~b\": {\"per_second\": ~.1f, \"p50_us\": ~.1f, \"p99_us\": ~.1f}",
                  [Ask#ask.clients, PerSecond, P50, P99]).

%% Half a second goes by first that does not count.
measure(Ask) ->
    Begin = erlang:monotonic_time(nanosecond) + 500000000,
    End = Begin + Ask#ask.milliseconds * 1000000,
    Data = crypto:strong_rand_bytes(Ask#ask.bytes),
    Self = self(),
    Clients = [spawn_link(fun() -> Self ! {self(), client(Ask, Data, Begin, End, [])} end)
               || _ <- lists:seq(1, Ask#ask.clients)],
    Times = list_to_tuple(lists:sort(lists:append(
        [receive {Client, Own} -> Own end || Client <- Clients]))),
    Count = tuple_size(Times),
    At = fun(Share) -> element(max(1, trunc(Share * Count)), Times) / 1000 end,
    {Count * 1000 / Ask#ask.milliseconds, At(0.5), At(0.99)}.

client(Ask, Data, Begin, End, Times) ->
    Asked = erlang:monotonic_time(nanosecond),
    case Asked >= End of
        true -> Times;
        false ->
            ok = (Ask#ask.library):ask(Ask#ask.leader, Ask#ask.kind, Data),
            Took = erlang:monotonic_time(nanosecond) - Asked,
            client(Ask, Data, Begin, End, if Asked >= Begin -> [Took | Times]; true -> Times end)
    end.
