# Tcllib's websocket as a client: `websocket.tcl URL`. Prints what each check saw, as lines of JSON.
package require websocket

set url [lindex $argv 0]
set events {}

proc say {check seen} {
    puts "\[\"$check\", \"[string map {\" ' \\ / \n { }} $seen]\"\]"
    flush stdout
}

# Text comes in parts, and only the last says so.
proc heard {socket kind data} {
    if {$kind ni {ping pong request}} { lappend ::events [list $kind $data $socket] }
}

proc next {} {
    while {![llength $::events]} { vwait ::events }
    set event [lindex $::events 0]
    set ::events [lrange $::events 1 end]
    return $event
}

proc open_socket {path args} {
    set socket [websocket::open $::url$path heard {*}$args]
    set event [next]
    if {[lindex $event 0] ne "connect"} { error [lindex $event 0] }
    return $socket
}

proc echoes {kind} {
    set socket [open_socket /ws/echo]
    foreach size {0 125 126 65535 65536 1048576 5242880} {
        if {$kind eq "text"} {
            set sent [string repeat \u00e4 [expr {$size / 2}]][string repeat a [expr {$size % 2}]]
        } else {
            set sent [string repeat \xff $size]
        }
        websocket::send $socket $kind $sent
        lassign [next] as back
        say "$kind of $size bytes" [expr {$as eq $kind && $back eq $sent ? "echoed" : "$as of [string length $back]"}]
    }
    return $socket
}

proc ended {} {
    while 1 {
        lassign [next] kind data
        if {$kind in {close disconnect error}} { return [list $kind $data] }
    }
}

after 60000 exit
if {[catch {
    set socket [echoes text]
    websocket::close $socket 4001 bye
    lassign [ended] kind data
    say "close by the client" [expr {$kind eq "close" ? [join $data { }] : "no code"}]
    set events {}
    echoes binary
    set events {}
    set socket [open_socket /ws/chat -protocol chat]
    say subprotocol "not shown"
    websocket::send $socket text [string repeat x 70000]
    lassign [ended] kind data
    say "close by the server" [expr {$kind eq "close" ? [lindex $data 0] : "no code"}]
    set events {}
    say refusal [expr {[catch { open_socket /nothing }] ? "refused" : "opened"}]
} problem]} { say "the rest" $problem }
exit
