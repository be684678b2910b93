% SWI-Prolog's library(http/websocket) as a client: `swipl prolog.pl URL`, and as a server with a PORT.
% The client prints what each check saw, as lines of JSON.

:- use_module(library(http/websocket)).
:- use_module(library(http/thread_httpd)).
:- use_module(library(http/http_dispatch)).
:- use_module(library(readutil)).

:- initialization(main, main).
:- http_handler(root(.), http_upgrade_to_websocket(echo, []), [spawn([])]).

main([Where]) :-
    (   atom_number(Where, Port)
    ->  http_server(http_dispatch, [port(localhost:Port)]),
        thread_get_message(stop)
    ;   catch(call_with_time_limit(60, checks(Where)), Problem, (print_message(silent, Problem), say("the rest", Problem))),
        halt
    ).

echo(Socket) :-
    ws_receive(Socket, Message),
    (   Message.opcode == close
    ->  true
    ;   ws_send(Socket, Message),
        echo(Socket)
    ).

say(Check, Seen) :-
    format(string(Text), "~w", [Seen]),
    split_string(Text, "\"\n", "", Parts),
    atomic_list_concat(Parts, "'", Line),
    format("[\"~w\", \"~w\"]~n", [Check, Line]),
    flush_output.

connect(Base, Path, Socket, Options) :-
    atom_concat(Base, Path, Url),
    http_open_websocket(Url, Socket, Options).

repeated(Unit, Count, Text) :-
    length(Units, Count),
    maplist(=(Unit), Units),
    atomic_list_concat(Units, Text).

echoes(Base, Kind, Socket) :-
    connect(Base, '/ws/echo', Socket, []),
    Unit = 'a\u00e4',
    forall(member(Size, [0, 125, 126, 65535, 65536, 1048576, 5242880]),
           ( Count is Size // 2,
             repeated(Unit, Count, Text),
             Message =.. [Kind, Text],
             ws_send(Socket, Message),
             ws_receive(Socket, Back),
             (   Back.opcode == Kind, same(Kind, Back.data, Text) -> Seen = echoed ; Seen = Back.opcode ),
             format(string(Check), "~w of ~w bytes", [Kind, Size]),
             say(Check, Seen)
           )).

same(text, Back, Text) :- atom_string(Text, Back).
same(binary, Bytes, Text) :- string_length(Bytes, Len), string_length(Text, Len).

checks(Base) :-
    echoes(Base, text, Socket),
    ws_close(Socket, 4001, "bye"),
    say("close by the client", 'no code'),
    echoes(Base, binary, _),
    connect(Base, '/ws/chat', Chat, [subprotocols([chat])]),
    ws_property(Chat, subprotocol(Protocol)),
    say(subprotocol, Protocol),
    repeated(x, 70000, Long),
    ws_send(Chat, text(Long)),
    end_of(Chat, Code),
    say("close by the server", Code),
    (   catch(connect(Base, '/nothing', _, []), _, fail) -> say(refusal, opened) ; say(refusal, refused) ).

end_of(Socket, Code) :-
    ws_receive(Socket, Message),
    (   Message.opcode == close -> Code = Message.code ; end_of(Socket, Code) ).
