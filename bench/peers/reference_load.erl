%% RaftedValue, the Elixir library that Rafted implements, for erlang_load: commands of some bytes
%% to a counter, and queries of it under the leader's lease. Members live in memory.
-module(reference_load).
-behaviour(erlang_load).
-export([new/0, command/2, query/2, start_node/1, start_group/1, ask/3, start_member/2]).

%% The value: a counter.
new() -> 0.
command(Sum, {add, _}) -> {Sum + 1, Sum + 1}.
query(Sum, sum) -> Sum.

start_node(_) ->
    {ok, _} = application:ensure_all_started(rafted_value),
    logger:set_primary_config(level, none),
    ok.

start_group(Nodes) ->
    Config = 'Elixir.RaftedValue':make_config(?MODULE, [
        {heartbeat_timeout, 100}, {election_timeout, 500},
        {election_timeout_clock_drift_margin, 100}]),
    [First | Others] = lists:zip([member1, member2, member3], Nodes),
    ok = start(First, {create_new_consensus_group, Config}),
    [ok = start(Member, {join_existing_consensus_group, [First]}) || Member <- Others],
    First.

start({Name, Node}, How) ->
    erpc:call(Node, ?MODULE, start_member, [Name, How]).

%% A member ends with the process that has started it.
start_member(Name, How) ->
    Self = self(),
    spawn(fun() ->
        process_flag(trap_exit, true),
        ok = start_link(How, Name, 50),
        Self ! started,
        receive never -> ok end
    end),
    receive started -> ok after 20000 -> timeout end.

%% Refused while the one before it is still being added.
start_link(How, Name, Attempts) when Attempts > 0 ->
    case 'Elixir.RaftedValue':start_link(How, [{name, Name}]) of
        {ok, _} -> ok;
        {error, _} -> timer:sleep(200), start_link(How, Name, Attempts - 1)
    end.

ask(Leader, command, Data) ->
    {ok, _} = 'Elixir.RaftedValue':command(Leader, {add, Data}, 10000),
    ok;
ask(Leader, query, _) ->
    {ok, _} = 'Elixir.RaftedValue':query(Leader, sum, 10000),
    ok.
