#!/usr/bin/env escript
%% Cowboy as a server that sends every message back: `escript cowboy.escript PORT`, with its modules in `ERL_LIBS`.
-module(cowboy_echo).
-mode(compile).
-export([main/1, init/2, websocket_handle/2, websocket_info/2]).

main([Port]) ->
    {ok, _} = application:ensure_all_started(cowboy),
    Routes = cowboy_router:compile([{'_', [{"/", ?MODULE, []}]}]),
    {ok, _} = cowboy:start_clear(echo, [{ip, {127, 0, 0, 1}}, {port, list_to_integer(Port)}], #{env => #{dispatch => Routes}}),
    receive stop -> ok end.

init(Request, State) ->
    {cowboy_websocket, Request, State, #{compress => true}}.

websocket_handle({Kind, Data}, State) when Kind =:= text; Kind =:= binary ->
    {[{Kind, Data}], State};
websocket_handle(_, State) ->
    {ok, State}.

websocket_info(_, State) ->
    {ok, State}.
