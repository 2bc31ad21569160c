%% Load on three nodes of ra, RabbitMQ's Raft library: closed-loop clients in the leader's node or in
%% one of their own, commands of some bytes to a counter, or consistent queries. Prints a JSON object
%% {"1": {"per_second": ..., "p50_us": ..., "p99_us": ...}, ...} by number of clients.
%%
%%   erlc -pa LIBS/ra/ebin -o EBIN ra_load.erl
%%   ERL_EPMD_ADDRESS=127.0.0.1 ERL_LIBS=LIBS erl -noinput -pa EBIN -name load@127.0.0.1
%%     -kernel inet_dist_use_interface '{127,0,0,1}'
%%     -run ra_load main DIR command|query inside|outside MILLISECONDS BYTES N,N..
-module(ra_load).
-behaviour(ra_machine).
-export([main/1, init/1, apply/3, start_node/1, measure/2]).

-record(ask, {kind, leader, clients, bytes, milliseconds}).

%% The machine: a counter, compacted now and then.
init(_) -> 0.
apply(#{index := Index}, {add, _}, Sum) when Index rem 20000 =:= 0 ->
    {Sum + 1, Sum + 1, [{release_cursor, Index, Sum + 1}]};
apply(_, {add, _}, Sum) ->
    {Sum + 1, Sum + 1}.

main([Dir, Kind, Where, Milliseconds, Bytes, Clients]) ->
    logger:set_primary_config(level, error),
    Nodes = [start(Dir, Number) || Number <- [1, 2, 3]],
    [pong = erpc:call(One, net_adm, ping, [Other]) || One <- Nodes, Other <- Nodes],
    Ids = [{load, Node} || Node <- Nodes],
    Machine = {module, ?MODULE, #{}},
    {ok, _, _} = erpc:call(hd(Nodes), ra, start_cluster, [default, <<"load">>, Machine, Ids]),
    {ok, _, {_, LeaderNode} = Leader} = erpc:call(hd(Nodes), ra, members, [hd(Ids)]),
    On = case Where of "inside" -> LeaderNode; "outside" -> node() end,
    Rows = [row(On, #ask{kind = list_to_atom(Kind), leader = Leader, clients = list_to_integer(N),
                         bytes = list_to_integer(Bytes),
                         milliseconds = list_to_integer(Milliseconds)})
            || N <- string:tokens(Clients, ",")],
    io:format("{~s}~n", [lists:join(", ", Rows)]),
    halt(0).

start(Dir, Number) ->
    Name = "ra" ++ integer_to_list(Number),
    {ok, _, Node} = peer:start(#{name => list_to_atom(Name), host => "127.0.0.1", longnames => true,
                                 args => ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]}),
    ok = erpc:call(Node, code, add_paths, [code:get_path()]),
    ok = erpc:call(Node, ?MODULE, start_node, [filename:join(Dir, Name)]),
    Node.

start_node(Dir) ->
    {ok, _} = application:ensure_all_started(ra),
    logger:set_primary_config(level, error),
    application:set_env(ra, data_dir, Dir),
    {ok, _} = ra:start_in(Dir),
    ok.

row(On, Ask) ->
    {PerSecond, P50, P99} = erpc:call(On, ?MODULE, measure, [Ask, self()], infinity),
    io_lib:format("\"~b\": {\"per_second\": ~.1f, \"p50_us\": ~.1f, \"p99_us\": ~.1f}",
                  [Ask#ask.clients, PerSecond, P50, P99]).

%% Half a second goes by first that does not count.
measure(Ask, _) ->
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
            {ok, _, _} = ask(Ask, Data),
            Took = erlang:monotonic_time(nanosecond) - Asked,
            client(Ask, Data, Begin, End, if Asked >= Begin -> [Took | Times]; true -> Times end)
    end.

ask(#ask{kind = command, leader = Leader}, Data) ->
    ra:process_command(Leader, {add, Data}, 10000);
ask(#ask{kind = query, leader = Leader}, _) ->
    ra:consistent_query(Leader, fun(Sum) -> Sum end, 10000).
