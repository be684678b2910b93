#!/usr/bin/env escript
%% Erlang's gun as a client: `escript gun.escript NAME URL`, with its modules in `ERL_LIBS`. Prints what each check saw, as
%% lines of JSON.

main([_, Url]) ->
    {ok, _} = application:ensure_all_started(gun),
    ["ws:", Address] = string:split(Url, "//"),
    put(address, Address),
    try checks() catch _:Problem -> say("the rest", io_lib:format("~0p", [Problem])) end.

say(Check, Seen) ->
    Line = [case C of $" -> $'; $\n -> $\s; _ -> C end || C <- lists:flatten(Seen)],
    io:format("[\"~s\", \"~s\"]~n", [Check, Line]).

open(Path, Headers) ->
    [Host, Port] = string:split(get(address), ":"),
    {ok, Gun} = gun:open(Host, list_to_integer(Port), #{retry => 0}),
    {ok, _} = gun:await_up(Gun),
    Options = case Headers of
        [] -> #{compress => true};
        [{_, Name}] -> #{compress => true, protocols => [{Name, gun_ws_h}]}
    end,
    gun:ws_upgrade(Gun, Path, Headers, Options),
    receive
        {gun_upgrade, Gun, _, _, Answer} -> {ok, Gun, proplists:get_value(<<"sec-websocket-protocol">>, Answer, <<>>)};
        {gun_response, Gun, _, _, Status, _} -> {refused, Status};
        {gun_error, Gun, _, Reason} -> {error, Reason}
    after 10000 -> nothing
    end.

next(Gun) ->
    receive
        {gun_ws, Gun, _, Frame} -> Frame;
        {gun_down, Gun, _, Reason, _, _} -> {down, Reason};
        {gun_error, Gun, _, Reason} -> {error, Reason}
    after 10000 -> nothing
    end.

echoes(Kind) ->
    {ok, Gun, _} = open("/ws/echo", []),
    [begin
        Unit = case Kind of text -> <<"ä"/utf8>>; binary -> <<0, 255>> end,
        Data = <<(binary:copy(Unit, Size div 2))/binary, (binary:copy(<<"a">>, Size rem 2))/binary>>,
        gun:ws_send(Gun, {Kind, Data}),
        Seen = case next(Gun) of {Kind, Data} -> "echoed"; Other -> io_lib:format("~0P", [Other, 6]) end,
        say(io_lib:format("~s of ~b bytes", [Kind, Size]), Seen)
    end || Size <- [0, 125, 126, 65535, 65536, 1 bsl 20, 5 bsl 20]],
    Gun.

ended(Gun) ->
    case next(Gun) of
        {close, Code, Reason} -> {integer_to_list(Code), binary_to_list(Reason)};
        {down, normal} -> {"no code", ""};
        {text, _} -> ended(Gun);
        Other -> {io_lib:format("~0P", [Other, 6]), ""}
    end.

checks() ->
    Gun = echoes(text),
    gun:ws_send(Gun, {close, 4001, <<"bye">>}),
    {Code, Reason} = ended(Gun),
    say("close by the client", string:trim(Code ++ " " ++ Reason)),
    echoes(binary),
    {ok, Chat, Protocol} = open("/ws/chat", [{<<"sec-websocket-protocol">>, <<"chat">>}]),
    say("subprotocol", binary_to_list(Protocol)),
    gun:ws_send(Chat, {text, binary:copy(<<"x">>, 70000)}),
    say("close by the server", element(1, ended(Chat))),
    say("refusal", case open("/nothing", []) of {refused, Status} -> integer_to_list(Status); _ -> "opened" end).
