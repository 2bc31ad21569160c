%% ra, RabbitMQ's Raft library, for erlang_load: commands of some bytes to a counter, or consistent
%% queries of it.
-module(ra_load).
-behaviour(ra_machine).
-behaviour(erlang_load).
-export([init/1, apply/3, start_node/1, start_group/1, ask/3]).

%% The machine: a counter, compacted now and then.
init(_) -> 0.
apply(#{index := Index}, {add, _}, Sum) when Index rem 20000 =:= 0 ->
    {Sum + 1, Sum + 1, [{release_cursor, Index, Sum + 1}]};
apply(_, {add, _}, Sum) ->
    {Sum + 1, Sum + 1}.

start_node(Dir) ->
    {ok, _} = application:ensure_all_started(ra),
    logger:set_primary_config(level, error),
    application:set_env(ra, data_dir, Dir),
    {ok, _} = ra:start_in(Dir),
    ok.

start_group([First | _] = Nodes) ->
    Ids = [{load, Node} || Node <- Nodes],
    Machine = {module, ?MODULE, #{}},
    {ok, _, _} = erpc:call(First, ra, start_cluster, [default, <<"load">>, Machine, Ids]),
    {ok, _, Leader} = erpc:call(First, ra, members, [hd(Ids)]),
    Leader.

ask(Leader, command, Data) ->
    {ok, _, _} = ra:process_command(Leader, {add, Data}, 10000),
    ok;
ask(Leader, query, _) ->
    {ok, _, _} = ra:consistent_query(Leader, fun(Sum) -> Sum end, 10000),
    ok.
