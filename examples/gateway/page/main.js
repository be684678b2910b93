// Begins with the wire, so that it sees everything, then the panels.

import { breakIt } from "./breakit.js";
import { clock, tokens } from "./events.js";
import { grpc } from "./grpc.js";
import { commands, theme } from "./parts.js";
import { figures, latency } from "./plot.js";
import { sessions } from "./sessions.js";
import { chat, echo } from "./sockets.js";
import { stomp } from "./stomp.js";
import { listen } from "./wire.js";

theme();
commands();
tokens();
grpc();
await listen(figures);
echo();
chat();
stomp();
sessions();
clock();
latency();
await breakIt();
